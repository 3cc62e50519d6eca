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


@pytest.mark.parametrize("time", [(2.0, 2e11), (float("nan"), 2.0)])
def test_segments_of_no_time(tmp_path: Path, time: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="r: wave from .* s: expected seconds"):
        write_set(tmp_path, "own", [recorded((2.0, 3.0), time)])
    assert not (tmp_path / "own").exists()


def test_segments_of_another_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    within, beyond = recorded((0.5, 2.0), (4.5, 4.8), name="a"), recorded((0.0, 30.0), (-5.0, 2.0), name="b")
    write_set(tmp_path, "own", [within])
    assert not caplog.messages, "a second is nothing"
    write_set(tmp_path, "lab", [within, beyond, recorded((8.0, 9.0), (3.0, 2.0), name="c")])
    assert caplog.messages == [
        "lab: 4 of 6 segments go beyond their recording, or end before they start (first: b: wave from 0 to 30 s of 1"
        " to 3.9 s): are they of these files, and in seconds of their stamps?"
    ]


def test_the_corrupt_row_of_pku_is_kept_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    truth = labels(public("pku_mmd"))["0043-L"]
    frames = alone(np.ones((5300, 25, 3)), 30.0)
    names = tuple(sorted({one.label for one in truth}))
    write_set(tmp_path, "pku_mmd_1", [Recording("0043-L", "kinect_v2_25", frames, truth, names)])
    assert Store.open(tmp_path).describe(0).segments == truth
    assert f"pku_mmd_1: 1 of {len(truth)} segments" in caplog.text


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
