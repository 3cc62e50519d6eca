"""The frames of a recording whose stamps can be believed and rise, for what keeps or draws them in that order.

The stream itself takes all frames and judges their stamps the same way (``frame_filter``), but follows a clock that was
set back, where a recording in the order of its stamps has no place for what comes after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from usdrl_model.events.config import StreamConfig
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.stamps import FOLLOWERS, StampCourse, Verdict


def believed(frames: Iterable[SkeletonFrame]) -> list[SkeletonFrame]:
    """The frames without outliers and without those stamped before an earlier one; stamps may repeat.

    Args:
        frames: in the order of their messages, with finite stamps.
    """
    usual = StreamConfig()
    course = StampCourse(back=usual.reset_after, ahead=usual.max_gap)
    kept: list[SkeletonFrame] = []
    held: list[SkeletonFrame] = []
    for frame in frames:
        verdict = course.judge(frame.stamp)
        if verdict is Verdict.ASTRAY:
            held.append(frame)
            continue
        if verdict is Verdict.JUMP:
            if len(kept) < FOLLOWERS:  # no course, but outliers before the first one
                kept = []
            _extend(kept, (one for one in held if course.since <= one.stamp <= frame.stamp))
        held = []
        _extend(kept, [frame])
    return kept


def _extend(kept: list[SkeletonFrame], further: Iterable[SkeletonFrame]) -> None:
    for frame in further:
        if not kept or frame.stamp >= kept[-1].stamp:
            kept.append(frame)


def rising(frames: Iterable[SkeletonFrame]) -> tuple[SkeletonFrame, ...]:
    """``believed`` with one frame a stamp, which holds the people of all; of two with one id the first, as live."""
    return _together(believed(frames))[0]


def repeated(frames: Iterable[SkeletonFrame]) -> int:
    """How many frames of ``believed`` hold nobody who is not in an earlier one of the same stamp, and count nowhere."""
    return _together(believed(frames))[1]


def _together(frames: Iterable[SkeletonFrame]) -> tuple[tuple[SkeletonFrame, ...], int]:
    """One frame a stamp, and how many frames with people added nobody to it."""
    found: list[SkeletonFrame] = []
    repeats = 0
    for frame in frames:
        if not found or frame.stamp > found[-1].stamp:
            found.append(frame)
            continue
        there = {person.id for person in found[-1].people}
        others = tuple(person for person in frame.people if person.id not in there)
        found[-1] = replace(found[-1], people=(*found[-1].people, *others))
        repeats += bool(frame.people) and not others
    return tuple(found), repeats
