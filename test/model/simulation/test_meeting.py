"""Two simulated people who meet: what they are labelled with is what they do."""

import itertools

import numpy as np
import pytest

from usdrl_model.simulation.body import BODY_POINTS
from usdrl_model.simulation.encounter import LABELS
from usdrl_model.simulation.meeting import Meeting, simulate_meeting
from usdrl_model.simulation.performance import performance
from usdrl_model.simulation.tracking import Tracking
from usdrl_model.skeleton.segments import AMBIGUOUS

MEETINGS = 12
SECONDS = 60.0


@pytest.fixture(scope="module", name="meetings")
def made() -> list[Meeting]:
    return [Meeting(np.random.default_rng(seed), SECONDS) for seed in range(MEETINGS)]


def point(joints: np.ndarray, name: str) -> np.ndarray:
    """(T, 3)."""
    return joints[:, BODY_POINTS.index(name)]


def apart(joints: list[np.ndarray], *names: str) -> np.ndarray:
    """(T,) least metres between one of these points of each."""
    return np.min(
        [
            np.linalg.norm(point(joints[0], one) - point(joints[1], other), axis=1)
            for one, other in itertools.product(names, names)
        ],
        axis=0,
    )


def shown(meeting: Meeting, label: str) -> list[list[np.ndarray]]:
    """The joints of both in each stretch of a label."""
    told = [one for one in meeting.segments(0.0)[0] if one.label == label]
    return [meeting.joints(np.arange(one.start, one.end, 0.05)) for one in told]


def every(meetings: list[Meeting], label: str) -> list[list[np.ndarray]]:
    found = [one for meeting in meetings for one in shown(meeting, label)]
    assert len(found) >= 8, label
    return found


@pytest.mark.parametrize(("label", "metres"), [("shake_hands", 0.06), ("hand_over", 0.3)])
def test_hands_meet_or_hold_the_same_thing(meetings: list[Meeting], label: str, metres: float) -> None:
    nearest = [apart(joints, "hand_left", "hand_right").min() for joints in every(meetings, label)]
    assert np.median(nearest) < metres
    assert max(nearest) < 0.6


def test_who_hugs_stands_body_to_body_with_hands_on_a_back(meetings: list[Meeting]) -> None:
    for joints in every(meetings, "hug"):
        gap = apart(joints, "spine_base")
        nearest = int(gap.argmin())
        assert gap[nearest] < 0.6
        assert gap[0] > gap[nearest] + 0.1
        hands = [
            np.linalg.norm(point(joints[who], f"hand_{side}") - point(joints[1 - who], spine), axis=1)[nearest]
            for who in (0, 1)
            for side in ("left", "right")
            for spine in ("spine_mid", "spine_shoulder")
        ]
        assert min(hands) < 0.35


def test_people_are_where_they_are_whenever_they_are_asked_for(meetings: list[Meeting]) -> None:
    assert {meeting.encounter.still for meeting in meetings} == {None, 0, 1}
    times = np.arange(0.0, 30.0, 0.1)
    for meeting in meetings:
        for whole, late in zip(meeting.joints(times), meeting.joints(times[211:260:7]), strict=True):
            np.testing.assert_allclose(late, whole[211:260:7], atol=1e-6)


@pytest.mark.parametrize(("label", "sign"), [("approach", -1.0), ("depart", 1.0)])
def test_who_comes_nearer_or_parts_does_so(meetings: list[Meeting], label: str, sign: float) -> None:
    for joints in every(meetings, label):
        gap = apart(joints, "spine_base")
        assert sign * (gap[-1] - gap[0]) > 0.3


def test_both_have_the_same_labels_and_no_two_at_once(meetings: list[Meeting]) -> None:
    for meeting in meetings:
        first, second = meeting.segments(100.0)
        assert first == second
        assert {one.label for one in first} <= {*LABELS, AMBIGUOUS}
        for one, after in itertools.pairwise(sorted(first, key=lambda one: one.start)):
            assert 100.0 <= one.start < one.end <= after.start + 1e-9
        assert first[-1].end <= 100.0 + meeting.seconds


def test_bones_keep_their_length(meetings: list[Meeting]) -> None:
    for meeting in meetings[:4]:
        for joints in meeting.joints(np.arange(0.0, meeting.seconds, 0.1)):
            for one, other in (
                ("shoulder_right", "elbow_right"),
                ("elbow_left", "wrist_left"),
                ("knee_left", "ankle_left"),
            ):
                length = np.linalg.norm(point(joints, one) - point(joints, other), axis=1)
                np.testing.assert_allclose(length, length[0], atol=1e-6)


def test_nobody_jumps(meetings: list[Meeting]) -> None:
    for meeting in meetings:
        for joints in meeting.joints(np.arange(0.0, meeting.seconds, 1.0 / 30.0)):
            pelvis = np.linalg.norm(np.diff(point(joints, "spine_base"), axis=0), axis=1) * 30.0
            hands = np.linalg.norm(np.diff(point(joints, "hand_right"), axis=0), axis=1) * 30.0
            assert pelvis.max() < 3.0
            assert hands.max() < 9.0


def test_who_is_still_moves_a_hand_at_most() -> None:
    meeting = next(
        one
        for one in (Meeting(np.random.default_rng(s), SECONDS) for s in range(40))
        if one.encounter.still is not None
    )
    assert meeting.encounter.still is not None
    body = meeting.joints(np.arange(0.0, meeting.seconds, 0.1))[meeting.encounter.still]
    assert np.ptp(point(body, "knee_left")[:, 1]) < 0.02
    other = meeting.joints(np.arange(0.0, meeting.seconds, 0.1))[1 - meeting.encounter.still]
    assert np.ptp(point(other, "spine_base")[:, [0, 2]], axis=0).max() > 0.2


def test_the_rate_does_not_change_what_they_do(meetings: list[Meeting]) -> None:
    often, seldom = (meetings[0].joints(np.arange(0.0, 20.0, step)) for step in (0.05, 0.1))
    for one, other in zip(often, seldom, strict=True):
        np.testing.assert_allclose(one[::2][: len(other)], other, atol=0.03)


def test_a_seed_decides_everything_and_trackers_see_it_at_their_rate() -> None:
    one, other = (simulate_meeting(Tracking(rate=15.0, topology="coco_17", start=5.0), 20.0, 3) for _ in range(2))
    assert [frame.stamp for frame in one.frames] == [frame.stamp for frame in other.frames]
    for left, right in zip(one.frames, other.frames, strict=True):
        for mine, theirs in zip(left.people, right.people, strict=True):
            np.testing.assert_array_equal(mine.joints, theirs.joints)
    assert one.segments == other.segments
    assert one.topology == "coco_17"
    assert one.labels == LABELS
    assert one.frames[0].stamp == pytest.approx(5.0, abs=0.1)
    assert {person.id for frame in one.frames for person in frame.people} == {"1", "2"}


def test_a_performance_is_a_meeting_on_request_and_of_two_people_only() -> None:
    recording = performance(meeting=True, seconds=30.0, faults="none", seed=2)
    assert recording.labels == LABELS
    assert recording.frames[-1].stamp >= 30.0
    with pytest.raises(ValueError, match="two people meet"):
        performance(meeting=True, people=3)
