"""A clock that is set while it is recorded: a gap is a gap, and memory follows the frames."""

import dataclasses
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from usdrl_model.data import store_summary
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import tracklets

LABELS = ("none", "wave")
JUMP = 1.7e9
RNG = np.random.default_rng(3)


def recorded(stamps: np.ndarray, *segments: tuple[float, float], name: str = "walk") -> Recording:
    body = RNG.normal(0.0, 0.2, (25, 3)) + (0.0, 0.0, 2.0)
    return Recording(
        name,
        "kinect_v2_25",
        tuple(SkeletonFrame(float(s), (Person("1", body + RNG.normal(0, 1e-3, (25, 3))),)) for s in stamps),
        segments=tuple(Segment("1", "wave", *segment) for segment in segments),
        labels=("wave",),
    )


STAMPS = np.concatenate([1.0 + np.arange(300) / 30, JUMP + np.arange(300) / 30])
WALK = recorded(STAMPS, (2.0, 4.0), (10.0, JUMP + 1.0), (JUMP + 3.0, JUMP + 5.0))


def test_parts_have_the_segments_that_touch_them() -> None:
    before, after = recording_gaps.parts(WALK)
    assert (before.name, after.name) == ("walk part 1", "walk part 2")
    assert [len(part.frames) for part in (before, after)] == [300, 300]
    assert [(segment.start, segment.end) for segment in before.segments] == [(2.0, 4.0), (10.0, STAMPS[299])]
    assert [(segment.start - JUMP, segment.end - JUMP) for segment in after.segments] == [(0.0, 1.0), (3.0, 5.0)]
    assert recording_gaps.seconds(STAMPS) == pytest.approx(2 * 299 / 30)


@pytest.mark.parametrize("stamps", [np.zeros(0), np.ones(1), np.arange(5) * 59.0])
def test_without_a_jump_nothing_changes(stamps: np.ndarray) -> None:
    recording = recorded(stamps)
    assert [part is recording for part in recording_gaps.parts(recording)] == [True]
    assert recording_gaps.seconds(stamps) == (stamps[-1] - stamps[0] if len(stamps) else 0.0)


def test_training_and_scoring_take_the_memory_of_the_frames(tmp_path: Path) -> None:
    write_set(tmp_path, "own", [WALK])
    store, how = Store.open(tmp_path), Cut(rate=10.0, shape=WindowShape(frames=16))
    tracemalloc.start()
    windows = frame_scores.training(store, LABELS, how)
    videos = list(frame_scores.videos(store, LABELS, how))
    posteriors = [frame_scores.score(video, lambda x: x.new_zeros(*x.shape[:2], 2), 2) for video in videos]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6
    assert [video.name for video in videos] == ["walk part 1", "walk part 2"]
    assert [len(posterior) for posterior in posteriors] == [100, 100]
    assert [int(video.truth.sum()) for video in videos] == [sum(_true(part)) for part in recording_gaps.parts(WALK)]
    assert windows.seen[:, -1].all()
    assert len(tracklets(WALK, LABELS, 10.0, 1.0)) == 2


def test_every_part_is_scored_for_those_whom_the_truth_names(tmp_path: Path) -> None:
    """A part in which nobody is labelled does not become one of people whom nobody judged."""
    one = recorded(STAMPS, (2.0, 4.0))
    both = tuple(SkeletonFrame(f.stamp, (*f.people, Person("2", f.people[0].joints))) for f in one.frames)
    write_set(tmp_path, "own", [dataclasses.replace(one, frames=both)])
    videos = list(frame_scores.videos(Store.open(tmp_path), LABELS, Cut(rate=10.0, shape=WindowShape(frames=16))))
    assert [video.name for video in videos] == ["walk part 1", "walk part 2"]
    assert [bool(video.truth.any()) for video in videos] == [True, False]


def _true(recording: Recording) -> list[bool]:
    return [any(s.start <= frame.stamp <= s.end for s in recording.segments) for frame in recording.frames]


def test_hours_leave_the_jump_out(tmp_path: Path) -> None:
    write_set(tmp_path, "own", [WALK])
    assert "about 0.01 h" in store_summary.describe(Store.open(tmp_path))
