"""Segments of another time than their recording: refused, or said where only a part of them is."""

import logging
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import public

from usdrl_model.cli import main
from usdrl_model.data.importers.arrays import alone
from usdrl_model.data.importers.pku_mmd import labels
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import pack, write_set
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment

FRAMES = alone(np.ones((30, 25, 3)), 10.0)  # from 1 to 3.9 s


def recorded(*times: tuple[float, float], name: str = "r") -> Recording:
    segments = tuple(Segment("1", "wave", *time) for time in times)
    return Recording(name, "kinect_v2_25", FRAMES, segments, ("wave",))


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ((8.0, 9.0), r"r: wave from 8 to 9 s: the recording is from 1 to 3\.9 s: labels of another file"),
        ((-9.0, -8.0), "labels of another file, or not in seconds"),
        ((3.0, 2.0), "r: wave from 3 to 2 s: it ends before it starts"),
        ((2.0, 2e11), "expected seconds"),
        ((float("nan"), 2.0), "expected seconds"),
    ],
)
def test_segments_of_another_time(tmp_path: Path, time: tuple[float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_set(tmp_path, "own", [recorded((2.0, 3.0), time)])
    assert not (tmp_path / "own").exists()


def test_segments_that_are_partly_outside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = recorded((0.5, 2.0), (4.5, 4.8), name="a"), recorded((0.0, 30.0), (-5.0, 2.0), name="b")
    write_set(tmp_path, "own", [first])
    assert not caplog.messages, "a second is nothing"
    write_set(tmp_path, "lab", [first, second])
    assert caplog.messages == [
        "lab: 2 of 4 segments lie partly outside their recording, by up to 26.1 s (first: b: wave from 0 to 30 s):"
        " are they in seconds of its stamps?"
    ]


def test_the_corrupt_row_of_pku_is_kept(tmp_path: Path) -> None:
    truth = labels(public("pku_mmd"))["0043-L"]
    frames = alone(np.ones((5300, 25, 3)), 30.0)
    names = tuple(sorted({one.label for one in truth}))
    recording = Recording("0043-L", "kinect_v2_25", frames, truth, names)
    write_set(tmp_path, "pku_mmd_1", [recording])
    assert Store.open(tmp_path).describe(0).segments == truth
    with pytest.raises(ValueError, match="it ends before it starts"):
        write_set(tmp_path, "own", [recording])


def test_what_is_stored_already_is_packed(tmp_path: Path) -> None:
    write_set(tmp_path / "stores", "own", [recorded((2.0, 3.0))])
    index = tmp_path / "stores" / "own" / "index.json"
    index.write_text(index.read_text().replace("2.0,3.0", "8.0,9.0"))
    pack(Store.open(tmp_path / "stores"), tmp_path / "x.usdrl")
    assert Store.open(tmp_path / "x.usdrl").describe(0).segments[0].start == 8.0


@pytest.mark.parametrize("dataset", ["utkinect", "cmu_mocap"])
def test_published_labels_are_of_their_recordings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, dataset: str
) -> None:
    with caplog.at_level(logging.WARNING, "usdrl_model.data.label_times"):
        assert main.main(["data", "import", dataset, str(public(dataset)), "--store", str(tmp_path)]) == 0
    assert not [message for message in caplog.messages if "segments" in message]
