"""``usdrl data`` from end to end, and what it says when it cannot."""

import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.own_folder import RNG, mine
from PIL import Image

from usdrl_model.cli import main
from usdrl_model.data.content_check import look
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.plots.clip import animate
from usdrl_model.simulation.script import demo_scripts
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment


def test_import_info_view_and_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = str(tmp_path / "store")
    assert main.main(["data", "import", "own", str(mine(tmp_path / "mine")), "--store", store]) == 0
    assert "2 recordings, 24 frames, 24 skeletons, hash" in capsys.readouterr().out

    picture = tmp_path / "frame.png"
    assert main.main(["data", "info", store, "--verify", "--picture", str(picture)]) == 0
    said = capsys.readouterr().out
    for words in (
        "own: 2 recordings, 24 frames", "rate: 10.0 Hz", "subjects: 2", "missing joints in 2 recordings: 4.0%",
        "hand_left 100%", "2 of recordings", "all hashes agree",
    ):  # fmt: skip
        assert words in said
    assert Image.open(picture).size[0] > 400

    gif = tmp_path / "clip.gif"
    assert main.main(["data", "view", store, "--clip", "two", "--out", str(gif)]) == 0
    with Image.open(gif) as animation:
        assert animation.n_frames == 12
        assert animation.info["duration"] == 100  # milliseconds

    packed = tmp_path / "bob.usdrl"
    assert main.main(["data", "pack", store, "--subjects", "bob", "--out", str(packed)]) == 0
    assert "1 recordings of own" in capsys.readouterr().out
    assert [clip.name for clip in Store.open(packed)] == ["two"]
    assert main.main(["data", "info", str(packed)]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "utdmhad", "."], "did you mean 'utd_mhad'"),
        (
            ["import", "utd_mhad", "nowhere"],
            "nowhere: expected Skeleton.zip .* Get it from .*; research .free for research",
        ),
        (["import", "own", "mine", "--dtype", "int8"], "dtype: expected one of float32, float16"),
        (["import", "own", "mine", "--store", "store"], "--replace"),
        (["info", "mine"], "usdrl data import"),
        (["info", "store", "--sets", "sbu"], "There are: own"),
        (["info", "store", "--split", "xsub/train"], "own has no protocol 'xsub'"),
        (["pack", "store", "--split", "standard/test", "--out", "x.usdrl"], "no recording meets all conditions"),
        (["pack", "store", "--out", "mine"], r"usdrl data: mine: a folder, expected the name of a file\n$"),
        (["view", "store", "--clip", "three"], "expected a name such as one, or 0 to 1, got three"),
        (["view", "store", "--out", "clip.avi"], "ends with .gif or .mp4"),
    ],
)
def test_what_users_can_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    mine(tmp_path / "mine")
    assert main.main(["data", "import", "own", "mine", "--store", "store"]) == 0
    capsys.readouterr()
    assert main.main(["data", *words]) == 1
    said = capsys.readouterr()
    assert "usdrl data: " in said.err
    assert re.search(message, said.err), said.err
    assert "Traceback" not in said.err


def test_memory_holds_one_recording_whatever_the_size_of_the_set(tmp_path: Path) -> None:
    frames, count = 200, 40
    one = frames * 25 * 3 * 8  # bytes of the joints of one recording

    def recordings() -> Iterator[Recording]:
        for index in range(count):
            joints = RNG.normal(0.0, 0.2, (frames, 25, 3)) + 2.0
            seen = tuple(SkeletonFrame(1.0 + n / 30, (Person("1", row),)) for n, row in enumerate(joints))
            yield Recording(f"{index}", "kinect_v2_25", seen)

    tracemalloc.start()
    write_set(tmp_path, "mine", recordings())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * one < count * one


@pytest.mark.parametrize("seconds", ["-3", "nan", "inf"])
def test_an_animation_of_no_time_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], seconds: str) -> None:
    store, gif = str(tmp_path / "store"), str(tmp_path / "clip.gif")
    assert main.main(["data", "import", "own", str(mine(tmp_path / "mine")), "--store", store]) == 0
    assert main.main(["data", "view", store, "--seconds", seconds, "--out", gif]) == 1
    assert f"expected seconds, 0 or more, got {seconds}" in capsys.readouterr().err


def test_nobody_cannot_be_drawn(tmp_path: Path) -> None:
    frames = (SkeletonFrame(1.0), SkeletonFrame(1.1))
    write_set(tmp_path, "mine", [Recording("empty", "coco_17", frames, segments=(Segment("1", "x", 1.0, 1.1),))])
    with pytest.raises(ValueError, match="mine empty: nobody in any frame"):
        animate(Store.open(tmp_path)[0], tmp_path / "clip.gif")


def own(folder: Path, name: str, joints: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", joints=joints, rate=10.0, topology="kinect_v2_25", subject=name, clip_label="wave")


def acted(seed: int) -> np.ndarray:
    """(T, 1, 25, 3) somebody who acts."""
    recording = simulate(PerformanceConfig(scripts=(demo_scripts()[0],), rate=10.0), seed)
    return np.stack([frame.people[0].joints for frame in recording.frames])[:, None]


def imported(tmp_path: Path) -> str:
    store = str(tmp_path / "store")
    assert main.main(["data", "import", "own", str(tmp_path / "mine"), "--store", store]) == 0
    return store


def test_info_says_when_no_joint_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(tmp_path / "mine", "anna", 1000.0 * acted(1))
    own(tmp_path / "mine", "bob", 1000.0 * acted(2))
    store = imported(tmp_path)
    assert "millimetres? set units: mm" in capsys.readouterr().out
    assert main.main(["data", "info", store]) == 0
    said = capsys.readouterr().out
    assert "missing joints in 2 recordings: 100.0%" in said
    assert re.search(r"content of 2 recordings: median torso \d+.* millimetres\? set units: mm\n", said)


def test_info_of_people_that_are_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(tmp_path / "mine", "anna", acted(1))
    assert main.main(["data", "info", imported(tmp_path)]) == 0
    assert "content of 1 recording: people look like people\n" in capsys.readouterr().out


def test_a_few_of_many_recordings_are_told_with_their_number(tmp_path: Path) -> None:
    right, wrong = acted(1), 1000.0 * acted(2)

    def recording(number: int, joints: np.ndarray) -> Recording:
        frames = tuple(
            SkeletonFrame(number / 10.0, (Person("1", places),)) for number, (places,) in enumerate(joints.tolist())
        )
        return Recording(str(number), "kinect_v2_25", frames)

    verdict = look([recording(number, wrong if number == 3 else right) for number in range(5)])
    assert verdict.wrong and "in 1 of them, median torso" in verdict.line()
    assert not look([recording(number, wrong if number == 3 else right) for number in range(12)]).wrong
    assert look([]).line() == "no recordings"


def test_pictures_and_info_of_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(tmp_path / "mine", "anna", np.full((20, 1, 25, 3), np.nan))
    store, picture = imported(tmp_path), tmp_path / "p.png"
    assert main.main(["data", "info", store, "--picture", str(picture)]) == 1
    said = capsys.readouterr()
    assert "nobody in any frame, nothing to draw" in said.err and "Traceback" not in said.err
    assert "missing joints in 1 recordings" in said.out and "missing joints in 1 recordings: 0.0%" not in said.out
    assert "content of 1 recording: people look like people" not in said.out
    assert not picture.exists()


def test_a_picture_shows_somebody_where_somebody_is(tmp_path: Path) -> None:
    own(tmp_path / "mine", "a", acted(1))
    own(tmp_path / "mine", "b", np.full((20, 1, 25, 3), np.nan))
    picture = tmp_path / "p.png"
    assert main.main(["data", "info", imported(tmp_path), "--picture", str(picture)]) == 0
    assert picture.exists()
