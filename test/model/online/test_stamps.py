"""Which stamps are believed: outliers, jumps and second clocks, by the stamps alone."""

import dataclasses
from collections.abc import Iterable

import pytest
from helpers.people import frames, play
from helpers.rule_detector import hand_up_weights

from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.stamps import StampCourse, Verdict


def shifted(recorded: Iterable[SkeletonFrame], seconds: float) -> list[SkeletonFrame]:
    return [dataclasses.replace(frame, stamp=frame.stamp + seconds) for frame in recorded]


def course() -> StampCourse:
    return StampCourse(back=1.0, ahead=1.0)


def verdicts(stamps: Iterable[float]) -> list[str]:
    judge = course().judge
    return [judge(stamp).name for stamp in stamps]


def test_jitter_repeats_and_short_gaps_are_on_course() -> None:
    assert set(verdicts([10.0, 10.03, 10.03, 10.02, 10.5, 11.4, 10.6, 12.3])) == {"ON_COURSE"}


@pytest.mark.parametrize("error", [3600.0, -3600.0, 1e9, -9.9, 1.5, -1.5])
def test_a_single_outlier_changes_nothing(error: float) -> None:
    judged = course()
    for k in range(100):
        if k % 30 == 29:
            assert judged.judge(10.0 + k / 30 + error) is Verdict.ASTRAY
        assert judged.judge(10.0 + k / 30) is Verdict.ON_COURSE
    assert judged.newest == 10.0 + 99 / 30


def test_a_first_stamp_that_was_wrong_is_corrected() -> None:
    found = verdicts([9e9, *(10.0 + k / 10 for k in range(10))])
    assert found.count("JUMP") == 1
    assert found[-3:] == ["ON_COURSE"] * 3


@pytest.mark.parametrize("rate", [5.0, 30.0, 120.0])
@pytest.mark.parametrize("jump", [-5.0, -3600.0, 5.0, 3600.0])
def test_a_lasting_jump_is_believed_once_and_soon(rate: float, jump: float) -> None:
    judged = course()
    for k in range(50):
        judged.judge(100.0 + k / rate)
    after = [judged.judge(100.0 + jump + 50 / rate + k / rate).name for k in range(round(2 * rate))]
    assert after.count("JUMP") == 1
    assert after.index("JUMP") / rate <= 0.6
    assert set(after[after.index("JUMP") + 1 :]) == {"ON_COURSE"}


def test_stray_stamps_without_a_course_are_never_a_jump() -> None:
    stamps = [50.0 * (-1) ** k * (k + 1) + 10.0 for k in range(1, 200)]
    assert "JUMP" not in verdicts([10.0, *stamps])


def test_an_outlier_of_the_whole_of_a_message_a_person_is_no_jump() -> None:
    assert "JUMP" not in verdicts([10.0, *[4000.0] * 20, 10.03, *[4001.0] * 20])


@pytest.mark.parametrize("error", [3600.0, -3600.0])
def test_one_stamp_an_hour_off_loses_nobody(error: float) -> None:
    clean = frames()
    messy = [*clean[:120], *shifted(clean[120:121], error), *clean[120:]]
    stream, events = play(messy)
    assert events == play(clean)[1]
    assert [event.kind for event in events] == ["onset", "offset"]
    assert (stream.counters["outlier_stamps"], stream.counters["resets"]) == (1, 0)
    assert stream.counters["tracks_started"] == 1


@pytest.mark.parametrize("gap", [-5.0, 5.0, 2.0, -2.0])
def test_two_clocks_on_one_topic_follow_the_first(gap: float) -> None:
    mine, other = frames(), shifted(frames(), gap)
    mixed = [frame for pair in zip(mine, other, strict=True) for frame in pair]
    stream, events = play(mixed)
    assert events == play(mine)[1]
    counters = stream.counters
    assert (counters["resets"], counters["tracks_started"]) == (0, 1)
    assert counters["second_clock_frames"] + counters["outlier_stamps"] == len(other)
    assert counters["outlier_stamps"] <= 3
    assert counters["clock_gap_ms"] == pytest.approx(gap * 1e3, abs=50)


def test_two_trackers_with_ids_of_their_own_do_not_lose_each_other() -> None:
    mixed = [frame for pair in zip(frames(ids=("1",)), shifted(frames(ids=("2",)), 2.0), strict=True) for frame in pair]
    stream, events = play(mixed)
    assert [event.person for event in events] == ["1", "1"]
    assert stream.counters["tracks_started"] == 1


def test_the_other_clock_takes_over_when_the_first_ends() -> None:
    mine, other = frames(duration=4.0), shifted(frames(), -20.0)
    mixed = [frame for pair in zip(mine, other, strict=False) for frame in pair] + other[len(mine) :]
    stream, _ = play(mixed)
    assert stream.counters["resets"] == 1
    assert stream.counters["tracks_started"] == 2


def test_nothing_of_the_time_after_a_jump_is_lost() -> None:
    alone = play(frames())[1]
    events = play(shifted(frames(duration=2.0), 1000.0) + frames())[1]
    assert [(e.kind, e.onset, e.offset) for e in events] == [(e.kind, e.onset, e.offset) for e in alone]
    events = play(shifted(frames(duration=2.0), -1000.0) + frames())[1]
    assert [(e.kind, e.onset, e.offset) for e in events] == [(e.kind, e.onset, e.offset) for e in alone]


def test_what_is_held_when_the_stream_is_reset_is_counted() -> None:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for frame in [*frames(duration=1.0), *shifted(frames(duration=0.1), 50.0)]:
        stream.push(frame)
    assert stream.stamp < 102.0
    stream.reset()
    assert stream.counters["outlier_stamps"] == 3
