"""``usdrl predict``: what the online pipeline says of recordings that nobody has labelled."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from usdrl_model.checkpoints import shipped
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology


@pytest.fixture(scope="module")
def acted() -> Recording:
    """A few seconds of two simulated people, with nothing said about what they do."""
    recording = performance(seed=0, people=2, rate=10.0)
    return dataclasses.replace(recording, frames=recording.frames[:120], segments=())


def own(recording: Recording, path: Path) -> Path:
    """The recording as a file of one's own."""
    ids = sorted({person.id for frame in recording.frames for person in frame.people})
    joints = np.full((len(recording.frames), len(ids), len(topology(recording.topology).joints), 3), np.nan, np.float32)
    for row, frame in enumerate(recording.frames):
        for person in frame.people:
            joints[row, ids.index(person.id)] = person.joints
    stamps = np.array([frame.stamp for frame in recording.frames])
    path.parent.mkdir(exist_ok=True)
    np.savez(path, joints=joints, stamps=stamps, topology=recording.topology, ids=np.array(ids))
    return path


def test_files_of_ones_own_give_the_events_of_a_stream(acted: Recording, tmp_path: Path, capsys) -> None:
    path = own(acted, tmp_path / "own" / "pair.npz")
    out = tmp_path / "said.json"
    assert main.main(["predict", str(path), "--json", "--out", str(out), "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads(out.read_text(encoding="utf-8"))
    stream = ActionStream.from_pretrained(topology=acted.topology, device="cpu")
    events = [event for frame in acted.frames for event in stream.push(frame)] + stream.finish()
    assert len(events) > 2
    (recording,) = said["recordings"]
    assert [(e["kind"], e["person"], e["label"]) for e in recording["events"]] == [
        (event.kind, event.person, event.label) for event in events
    ]
    assert [e["onset"] for e in recording["events"]] == pytest.approx([event.onset for event in events], abs=1e-6)
    assert said["model"]["weights"] == shipped.DEFAULT_DETECTOR
    standing = [held for held in recording["states"] if held["label"] == "standing"]
    assert {held["person"] for held in standing} == {event.person for event in events}
    assert all(held["end"] > held["start"] for held in standing) and standing[0]["end"] > acted.frames[0].stamp + 2.0


def test_files_in_folders_of_their_people_are_found_as_at_import(acted: Recording, tmp_path: Path, capsys) -> None:
    for person in ("anna", "bob"):
        (tmp_path / "own").mkdir(exist_ok=True)
        own(acted, tmp_path / "own" / person / "001.npz")
    assert main.main(["predict", str(tmp_path / "own"), "--json", "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)["recordings"]
    assert [recording["name"] for recording in said] == ["anna/001", "bob/001"]
    write_set(tmp_path / "stores", "kitchen", [dataclasses.replace(acted, name="one", subject="a")])
    own(acted, tmp_path / "stores" / "mine" / "two.npz")
    assert main.main(["predict", str(tmp_path / "stores"), "--clip", "one", "--json", "--device", "cpu"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["recordings"]] == ["one"], "a store stays one"


def test_a_recording_without_frames_is_left_out(acted: Recording, tmp_path: Path, capsys) -> None:
    write_set(tmp_path / "stores", "own", [acted, dataclasses.replace(acted, name="empty", frames=())])
    where = ["predict", str(tmp_path / "stores"), "--device", "cpu"]
    assert main.main([*where, "--json"]) == 0
    told, said = capsys.readouterr()
    assert [one["name"] for one in json.loads(told)["recordings"]] == [acted.name]
    assert said.splitlines()[0] == "empty: no frames: left out"
    assert main.main([*where, "--clip", "empty"]) == 1
    assert "expected frames, got none" in capsys.readouterr().err


def test_a_set_of_a_store_and_its_pictures(acted: Recording, tmp_path: Path, capsys) -> None:
    write_set(tmp_path / "stores", "own", (dataclasses.replace(acted, name=name, subject=name) for name in "ab"))
    where = ["predict", str(tmp_path / "stores"), "--device", "cpu"]
    assert main.main(where) == 0
    told, said = capsys.readouterr()
    assert told.splitlines()[1] == "a"
    assert "people look like people" in said
    assert "throw" in told
    assert main.main([*where, "--picture", "one.png"]) == 1
    assert "expected one recording, got 2: choose it with --clip" in capsys.readouterr().err
    assert main.main([*where, "--clip", "b", "--picture", "said.txt"]) == 1
    assert "said.txt: expected a name that ends with .png, .svg" in capsys.readouterr().err
    for name in ("said.svg", "said.gif"):
        assert main.main([*where, "--clip", "1", "--picture", str(tmp_path / name), "--seconds", "0.3"]) == 0
        assert (tmp_path / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "nowhere: expected a folder of .npz recordings, one of them, or a store (no such file or folder)"),
        ("empty", "empty: expected a folder of .npz recordings, one of them, or a store (nothing is in it)"),
        ("some.mcap", "is a bag: usdrl-bag predict some.mcap, or usdrl-bag gesture LABEL some.mcap"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main.main(["predict", source]) == 1
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_joints_in_a_picture_are_refused_by_weights_that_need_depth(acted: Recording, tmp_path: Path, capsys) -> None:
    frames = tuple(dataclasses.replace(frame, flat=True) for frame in acted.frames)
    write_set(tmp_path, "mine", [dataclasses.replace(acted, frames=frames)])
    assert main.main(["predict", str(tmp_path), "--device", "cpu"]) != 0
    assert "expected joints in space, got joints in a picture" in capsys.readouterr().err


def test_conditions_of_a_store_are_refused_for_files(acted: Recording, tmp_path: Path, capsys) -> None:
    path = own(acted, tmp_path / "own" / "pair.npz")
    assert main.main(["predict", str(path.parent), "--sets", "own"]) == 1
    assert "--sets: only for a store" in capsys.readouterr().err
    assert main.main(["predict", str(path.parent), "--clip", "0", "--device", "cpu"]) == 0
    assert main.main(["predict", str(path.parent), "--clip", "1"]) == 1
    assert "expected a name such as pair, or 0 to 0, got 1" in capsys.readouterr().err


def test_units_that_are_wrong_are_said(acted: Recording, tmp_path: Path, capsys) -> None:
    path = own(acted, tmp_path / "own" / "pair.npz")
    with np.load(path) as content:
        np.savez(path, **{**content, "joints": 1000.0 * content["joints"]})
    assert main.main(["predict", str(path), "--device", "cpu"]) == 0
    assert "units" in capsys.readouterr().err


@pytest.mark.parametrize("first", ["hri", "default"])
def test_a_second_detector_is_not_taken_in_the_place_of_the_first(first: str, capsys) -> None:
    with pytest.raises(SystemExit):
        main.main(["predict", "mine", "--weights", first, "--weights", "free"])
    assert f"--weights: expected once, got {first} and free" in capsys.readouterr().err
