"""Recordings of one's own that could be read as something else than they are: refused, with the likely mistake."""

from pathlib import Path

import numpy as np
import pytest

from usdrl_model.data.importers import own
from usdrl_model.skeleton.recording import Recording

FRAMES = 60
JOINTS = np.random.default_rng(3).normal(size=(FRAMES, 1, 17, 3))


def load(folder: Path, **change: object) -> Recording:
    content = {"joints": JOINTS, "rate": 30.0, "topology": "coco_17"} | change
    np.savez(folder / "wave.npz", **{key: value for key, value in content.items() if value is not None})
    (recording,) = own.load(folder)
    return recording


@pytest.mark.parametrize("people", [1, 2])
def test_people_before_frames(tmp_path: Path, people: int) -> None:
    joints = np.ones((people, 300, 17, 3))  # (M, T, V, 3), as PYSKL has it
    with pytest.raises(ValueError, match=r"wave\.npz: joints: expected \(T, M, 17, 3\).*are frames and people swapped"):
        load(tmp_path, joints=joints)
    assert len(load(tmp_path, joints=np.ones((3, 64, 17, 3))).frames[0].people) == 64


def test_more_ids_than_people_at_once(tmp_path: Path) -> None:
    joints = np.where(np.eye(300, 70, dtype=bool)[:, :, None, None], np.ones((17, 3)), np.nan)
    assert len(load(tmp_path, joints=joints).frames) == 300


TIMES = np.arange(FRAMES) / 30.0


@pytest.mark.parametrize(
    ("stamps", "message"),
    [
        (TIMES / 60, r"minutes\? multiply by 60$"),
        (TIMES / 3600, r"hours\? multiply by 3600$"),
        (738000 + TIMES / 86400, r"days\? multiply by 86400$"),
        (TIMES / 2 / 60, r"minutes\? multiply by 60$"),
        (TIMES / 1e9, "got 3.33333e-11 from frame to frame in 59 of 59 steps$"),
        ((1.7e9 + 11644473600 + TIMES) * 1e7, r"100 ns ticks \(Kinect, FILETIME\)\? divide by 1e\+07$"),
        (TIMES * 2e7, r"got 666667 from frame to frame: 100 ns ticks"),
        (TIMES * 1e6, r"microseconds\? divide by 1e\+06$"),
        (TIMES * 3e6, r"microseconds\? divide by 1e\+06; or 100 ns ticks \(Kinect, FILETIME\)\? divide by 1e\+07$"),
        (TIMES * 30 / 240 * 1e9, r"nanoseconds\? divide by 1e\+09$"),
        (TIMES * 1e9, r"nanoseconds\? divide by 1e\+09$"),
        (TIMES * 1e3, r"milliseconds\? divide by 1000$"),
        (TIMES * 30 * 100, r"got 100 from frame to frame: milliseconds"),
        (TIMES * 30 * 700, r"got 700 from frame to frame: milliseconds"),
        (np.arange(FRAMES).astype("m8[M]"), "got months, which are not equally long$"),
        (np.arange(FRAMES).astype("M8[us]"), "got 1e-06 from frame to frame in 59 of 59 steps$"),
    ],
)
def test_stamps_in_another_unit(tmp_path: Path, stamps: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=rf"wave\.npz: stamps: expected seconds.*{message}"):
        load(tmp_path, rate=None, stamps=stamps)


def test_a_few_frames_that_came_at_once(tmp_path: Path) -> None:
    stamps = TIMES.copy()
    stamps[10::10] = stamps[9:-1:10] + 1e-4
    assert len(load(tmp_path, rate=None, stamps=stamps).frames) == FRAMES


@pytest.mark.parametrize("word", ["NaN", "null", "NONE", " None ", "<NA>", "NaT", "n/a"])
def test_missing_values_are_no_actions(tmp_path: Path, word: str) -> None:
    for change in (
        {"labels": np.array([word] * 30 + ["wave"] * 30)},
        {"clip_label": word},
        {"subject": word},
        {"segments": np.array([["1", word, "1.0", "2.0"]])},
    ):
        with pytest.raises(ValueError, match=rf"wave\.npz: {next(iter(change))}: {word.strip()}: a missing value"):
            load(tmp_path, **change)


def test_spaces_around_a_label_do_not_make_another(tmp_path: Path) -> None:
    labels = np.array([" wave"] * 20 + ["wave "] * 20 + [" none "] * 10 + [" "] * 10)
    segments = np.array([["1", " wave", "1.0", "1.1"]])
    recording = load(tmp_path, labels=labels, segments=segments, clip_label=" wave ", subject=" anna")
    assert (recording.labels, recording.label, recording.subject) == (("wave",), "wave", "anna")
    assert len(recording.segments) == 2


def test_frames_that_come_in_pairs(tmp_path: Path) -> None:
    stamps = np.repeat(TIMES[::2], 2)
    stamps[1::2] += 3e-4
    assert len(load(tmp_path, rate=None, stamps=stamps).frames) == FRAMES
