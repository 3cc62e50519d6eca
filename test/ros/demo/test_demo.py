"""The demonstration and its processes: they meet without any environment variable, and nobody is left behind."""

import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest
from helpers.paths import ROOT
from rich.console import Console
from sensor_msgs.msg import PointCloud2

from usdrl_model.simulation.performance import performance
from usdrl_model.simulation.script import Act
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_ros.bags.labels import load_truth, parse_truth
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.bags.write import write_recording
from usdrl_ros.demo import demo
from usdrl_ros.demo.live_table import render
from usdrl_ros.processes.children import Child, ChildError, wait_until

PATIENCE = 60.0


def await_(done: Callable[[], object], timeout: float = PATIENCE) -> None:
    deadline = time.monotonic() + timeout
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_bag_from_end_to_end_without_any_environment_variable(tmp_path: Path) -> None:
    script = (Act(action="idle", seconds=1.0), Act(action="wave", seconds=2.5), Act(action="idle", seconds=1.0))
    recording = simulate(PerformanceConfig(scripts=(script,), start=1.0), seed=0)
    write_recording(recording, tmp_path / "source", axes="optical")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROS_")}
    command = [sys.executable, "-m", "usdrl_ros.demo.demo", "--bag", str(tmp_path / "source")]
    command += ["--out", str(tmp_path / "out")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3 * PATIENCE)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "onset: person 1" in result.stdout and "event F1" in result.stdout
    assert "\x1b" not in result.stdout, "no terminal, no control codes"
    assert (tmp_path / "out" / "timeline.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert '"latency":{' in page, "what the node said is in the bag"
    assert str(tmp_path / "out" / "report.html") in result.stdout
    assert json.loads((tmp_path / "out" / "results.json").read_text())["events"]["overall"]
    with BagReader(tmp_path / "out" / "bag") as bag:
        heard = {topic.name: topic.count for topic in bag.topics}
    with BagReader(tmp_path / "source") as bag:
        (sent,) = (topic.count for topic in bag.topics)
    assert heard["/skeletons"] == sent
    assert min(heard[name] for name in ("/actions/state", "/actions/events", "/actions/markers", "/diagnostics")) > 0
    assert load_truth(tmp_path / "out" / "bag").segments == load_truth(tmp_path / "source").segments


def test_a_bag_that_nobody_has_labelled_is_shown_without_a_score(tmp_path: Path, capsys) -> None:
    script = (Act(action="idle", seconds=1.0), Act(action="wave", seconds=2.5), Act(action="idle", seconds=1.0))
    recording = simulate(PerformanceConfig(scripts=(script,), start=1.0), seed=0)
    write_recording(recording, tmp_path / "source", axes="body", topic="/people")
    (tmp_path / "source" / "labels.yaml").unlink()
    asked = ["--bag", str(tmp_path / "source"), "--out", str(tmp_path / "out")]
    assert demo.main(asked) == 1
    error = capsys.readouterr().err
    assert "nothing says which joints it has: give --topology" in error and "Errno" not in error
    assert demo.main([*asked, "--topology", "kinect_v2_25", "--axes", "body"]) == 0
    said = capsys.readouterr().out
    assert "onset: person 1" in said and "no score" in said and "F1" not in said
    assert (tmp_path / "out" / "report.html").is_file() and (tmp_path / "out" / "timeline.png").is_file()
    found = load_truth(tmp_path / "out" / "bag")
    assert (found.axes, found.topic, found.labels) == ("body", "/skeletons", ())


@pytest.mark.parametrize("given", [["--axes", "body"], ["--sensor-pose", "0", "0", "1.2", "0", "0.6", "0"]])
def test_how_a_bag_is_read_is_said_with_a_bag(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        demo.main(given)
    assert f"{given[0]}: of what? Give --bag" in capsys.readouterr().err


def test_a_source_that_fails_ends_the_demo_with_its_words(tmp_path: Path) -> None:
    source = demo.Source(
        title="broken", arguments=["-c", "raise SystemExit('no camera')"], input_type="point_cloud", truth=None
    )
    output = tmp_path / "out"
    output.mkdir()
    before = set(psutil.Process().children())
    with pytest.raises(ChildError, match=r"(?s)source of skeletons ended with exit code 1.*no camera"):
        demo.run(source, output, Console(file=open(os.devnull, "w"), force_terminal=False))  # noqa: SIM115
    assert set(psutil.Process().children()) <= before, "the node was ended too"


def test_input_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--bag", str(tmp_path / "none")]) == 1
    assert demo.main(["--recording", str(tmp_path)]) == 1
    assert "UTKinect" in capsys.readouterr().err
    assert demo.main(["--recording", str(tmp_path / "nowhere")]) == 1
    assert "nowhere: expected actionLabel" in capsys.readouterr().err
    write_recording(performance(people=1, seconds=1.0), tmp_path / "bag")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").touch()
    assert demo.main(["--bag", str(tmp_path / "bag"), "--out", str(tmp_path / "precious")]) == 1
    assert (tmp_path / "precious" / "thesis.tex").exists()
    capsys.readouterr()
    kept = sorted((tmp_path / "bag").iterdir())
    for out in (tmp_path, tmp_path / "bag"):  # the bag itself, or where it lies
        assert demo.main(["--bag", str(tmp_path / "bag"), "--out", str(out)]) == 1
        assert "has" in (said := capsys.readouterr().err) and "in it: choose another --out" in said
    (tmp_path / "mine").mkdir()
    (tmp_path / "bag").rename(tmp_path / "mine" / "bag")
    assert demo.main(["--out", str(tmp_path / "mine")]) == 1, "a folder that looks like a demo's"
    assert "is not from an earlier demo" in capsys.readouterr().err
    assert sorted(file.name for file in (tmp_path / "mine" / "bag").iterdir()) == [file.name for file in kept]
    with pytest.raises(SystemExit):
        demo.main(["--sequence", "s02_e01"])
    assert "Give --recording" in capsys.readouterr().err


def test_a_camera_that_is_not_there_and_a_library_that_is_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert demo.main(["--camera", "77"]) == 1
    assert "there is no /dev/video77" in capsys.readouterr().err
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "people.mp4").touch()
    assert demo.main(["--camera", str(tmp_path / "people.mp4")]) == 1
    assert capsys.readouterr().err == "usdrl-demo: needs mediapipe: pip install 'mediapipe<=0.10.21'\n"


def test_a_video_that_nobody_can_read_is_one_line_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    why = f"device: {tmp_path / 'broken.mp4'} is neither a camera nor a video that OpenCV can read"

    def opened(*_: object) -> None:
        raise ValueError(why)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(demo, "Device", opened)
    assert demo.main(["--camera", str(tmp_path / "broken.mp4"), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"usdrl-demo: {why}\n"
    assert not (tmp_path / "out").exists()


def test_make_looks_for_the_camera_before_it_installs_anything() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROS_")}
    for camera, path in (("77", "/dev/video77"), ("no such.mp4", "no such.mp4")):
        command = ["make", "-C", str(ROOT), "demo", f"CAMERA={camera}", "VENV=.venv-never-made"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert result.returncode != 0 and f"CAMERA: there is no {path}" in result.stderr
        assert "installing" not in result.stdout
    assert not list(ROOT.glob(".venv-never-made*"))


def test_ctrl_c_is_the_end_of_a_demo_of_which_nobody_knows_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    class Stub(nullcontext):  # type: ignore[type-arg]
        state = None
        events = ()
        health = ((0, "input: 3 messages/s"), (1, "pictures: only 2.1 pictures/s can be searched"))

        def check(self) -> None: ...

    monkeypatch.setattr(demo, "Child", lambda *_: Stub())
    monkeypatch.setattr(demo, "Listener", lambda *_: nullcontext(Stub()))
    monkeypatch.setattr(demo, "wait_until", lambda *_: None)
    monkeypatch.setattr(demo, "_watch", interrupted)
    (tmp_path / "bag").mkdir()
    source = demo.Source(title="camera", arguments=[], input_type="point_cloud", truth=demo.CAMERA, endless=True)
    with open(os.devnull, "w") as nowhere:
        said = io.StringIO()
        assert demo.run(source, tmp_path, Console(file=said))
        assert said.getvalue().startswith("warning: pictures: only 2.1 pictures/s can be searched\n0 events;")
        assert load_truth(tmp_path / "bag") == demo.CAMERA
        with pytest.raises(KeyboardInterrupt):
            demo.run(demo.performer(), tmp_path, Console(file=nowhere))


def test_the_performer_publishes_what_it_says(peer) -> None:  # type: ignore[no-untyped-def]
    from helpers.ros_peer import LATCHED

    truths = peer.listen_json("performer/truth", LATCHED)
    clouds = peer.listen(PointCloud2, "skeletons", 1000)
    parameters = [
        "-p",
        "people:=1",
        "-p",
        "duration:=3.0",
        "-p",
        "seed:=1",
        "-p",
        "faults:=none",
        "-p",
        "rate:=20.0",
        "-p",
        "wait:=20.0",
    ]
    with Child("performer", ["-m", "usdrl_ros.demo.performer_node", "--ros-args", *parameters]) as performer:
        peer.wait(performer.ended, "end of the performance", timeout=PATIENCE)
        performer.check()
        peer.spin(0.3)
    truth = parse_truth(truths[0])
    stamps = [cloud.header.stamp.sec + cloud.header.stamp.nanosec * 1e-9 for cloud in clouds]
    expected = performance(people=1, seconds=3.0, seed=1, faults="none", rate=20.0)
    assert len(stamps) == len(expected.frames)
    assert [segment.label for segment in truth.segments] == [segment.label for segment in expected.segments]
    assert abs(stamps[-1] - time.time()) < PATIENCE
    assert truth.segments[0].start - stamps[0] == pytest.approx(expected.segments[0].start - 1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        ("people:=5", "people: expected 1 to 4"),
        ("axes:=up", "axes: expected one of"),
        ("faults:=some", "faults: expected"),
        ("topolgy:=coco_17", "did you mean 'topology'"),
    ],
)
def test_the_performer_refuses(parameter: str, complaint: str) -> None:
    command = [sys.executable, "-m", "usdrl_ros.demo.performer_node", "--ros-args", "-p", parameter]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 1 and complaint in result.stderr and "Traceback" not in result.stderr


def test_children_end_with_their_parent_however_it_ends() -> None:
    script = (
        "import signal, time\nfrom usdrl_ros.processes.children import Child\n"
        # Whoever runs the tests in the background of a shell has it ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with Child('sleeper', ['-c', 'import time; time.sleep(600)']) as child:\n"
        "    print(child.pid, flush=True)\n    time.sleep(600)\n"
    )
    for number in (signal.SIGINT, signal.SIGKILL):
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.3)
        parent.send_signal(number)
        parent.wait(PATIENCE)
        await_(lambda child=child: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)  # type: ignore[misc]


def test_a_child_that_does_not_come_up_is_named() -> None:
    with Child("slow one", ["-c", "print('thinking', flush=True); import time; time.sleep(600)"]) as child:
        await_(lambda: child.output() == "thinking")
        with pytest.raises(ChildError, match=r"(?s)slow one did not answer within 0\.1 s.*thinking"):
            wait_until("answer", lambda: False, [child], 0.1)
    with pytest.raises(ChildError, match=r"(?s)exit code 3.*oh no"), Child("failing", ["-c", FAILING]) as child:
        await_(child.ended)
        child.check()


FAILING = "import sys; print('oh no', file=sys.stderr); sys.exit(3)"


def test_the_table_shows_who_does_what() -> None:
    action = {"label": "wave", "state": "active", "score": 0.91, "onset": 3.0, "since": 1.5}
    person = {"id": "7", "position": None, "valid_joints": 1.0, "actions": [action], **action}
    person["top5"] = [{"label": "wave", "score": 0.91}, {"label": "none", "score": 0.05}]
    event = {"seq": 1, "kind": "onset", "person": "7", "label": "wave", "onset": 3.0, "offset": None, "stamp": 4.0}
    model = {"weights": "w", "hash": "abc", "device": "cpu", "precision": "float32"}
    state = {"stamp": 4.5, "people": [person], "events": [event], "model": model}
    console = Console(record=True, width=120, file=open(os.devnull, "w"))  # noqa: SIM115
    for shown in (None, state, state | {"people": []}):
        console.print(render(shown, [(0, "input: well"), (2, "inference: failed")], 12.3, "a bag"))
    text = console.export_text()
    for word in (
        "waiting",
        "7",
        "wave",
        "1.5 s",
        "0.91",
        "12 ms",
        "none 0.05",
        "began 1.0 s ago",
        "failed",
        "no people",
    ):
        assert word in text


def test_performer_and_node_need_no_bag_library() -> None:
    script = "import sys; sys.modules['rosbags'] = None; import usdrl_ros.demo.performer_node, usdrl_ros.node.node"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)


@pytest.mark.parametrize("named", ["", "s01_e02", "joints/joints_s01_e02.txt"])
def test_a_sequence_of_a_data_set_is_named_in_any_way(tmp_path: Path, named: str) -> None:
    folder = tmp_path / "utkinect"
    (folder / "joints").mkdir(parents=True)
    row = " ".join(["252", *["0.5"] * 60])
    for sequence in ("s01_e01", "s01_e02"):
        (folder / "joints" / f"joints_{sequence}.txt").write_text(row)
    (folder / "actionLabel.txt").write_text("s01_e01\nwalk: 252 300\ns01_e02\nwalk: 252 300\n")
    made = demo.recording_bag(folder / named, None, tmp_path)
    assert made.name == ("s01_e02" if named else "s01_e01")
    assert (made / "labels.yaml").is_file()
    with pytest.raises(ValueError, match="no sequence s09_e09"):
        demo.recording_bag(folder / "s09_e09", None, tmp_path)
