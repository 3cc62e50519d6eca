"""Hours that false alarms are counted in: those in which somebody can be judged, or nobody is there."""

import numpy as np
import pytest

from usdrl_model.skeleton import judged_time
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment

HERE = np.zeros((25, 3))


def recording(*segments: Segment, **there: tuple[float, float]) -> Recording:
    """A minute at 10 Hz; people are there from, and until."""
    frames = [
        SkeletonFrame(stamp, tuple(Person(who, HERE) for who, (first, last) in there.items() if first <= stamp < last))
        for stamp in np.arange(601).astype(float) / 10
    ]
    return Recording("r", "kinect_v2_25", tuple(frames), segments)


def doubt(person: str, start: float, end: float) -> Segment:
    return Segment(person, AMBIGUOUS, start, end)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (recording(Segment("a", "wave", 1.0, 2.0), a=(0, 99)), 60.0),
        (recording(), 60.0),
        (recording(doubt("a", 10.0, 30.0), a=(0, 99)), 40.0),
        (recording(doubt("a", 10.0, 30.0), Segment("a", "wave", 15.0, 20.0), a=(0, 99)), 45.0),
        (recording(doubt("a", 10.0, 30.0), a=(0, 99), b=(0, 99)), 60.0),
        (recording(doubt("a", 10.0, 30.0), a=(0, 99), b=(25, 99)), 45.0),
        (recording(doubt("a", 10.0, 30.0), doubt("b", 20.0, 40.0), a=(0, 99), b=(0, 99)), 50.0),
        (recording(doubt("a", 10.0, 30.0), a=(0, 15)), 55.0),
        (recording(doubt("a", 10.0, 30.0)), 60.0),
    ],
)
def test_time_counts_unless_all_who_are_there_are_ambiguous(one: Recording, expected: float) -> None:
    assert judged_time.of(one) == pytest.approx(expected, abs=0.25)


def test_a_gap_of_the_clock_is_no_time() -> None:
    stamps = np.array([0.0, 1.0, 2.0, 1e6, 1e6 + 1.0, 1e6 + 2.0])
    assert judged_time.seconds(stamps, {"a": stamps}, []) == 4.0
    assert judged_time.seconds(stamps, {"a": stamps}, [doubt("a", 1e6, 1e6 + 0.5)]) == 3.0
