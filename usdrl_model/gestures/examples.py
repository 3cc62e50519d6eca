"""Examples of a gesture: from what somebody did to the window that the encoder sees at its end.

An example is a span of time in which one person makes the gesture once. Its window ends with the movement, as a live
window does at that moment; before the first frame of the span that has them, the person stands as in that frame.

Letters: L frames of the span, T frames of a window, V joints.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from usdrl_model.errors.shown import cut, shown
from usdrl_model.gestures.gesture import Example
from usdrl_model.skeleton.person import SPINE_MID, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL_JOINTS
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import MIN_FRAMES, Tracklet, tracklets
from usdrl_model.windows.window import Body, compose, spine_of

LOWER = ("spine_base", "spine_mid", "hip", "knee", "ankle", "foot")
"""How the names of the joints below the waist begin."""
UPPER = [joint for joint, name in enumerate(CANONICAL_JOINTS) if not name.startswith(LOWER)]
"""Those above it: what is seen over a table, or over the lower edge of a picture, but for hands that hang."""
SEEN = 0.5
"""Least share of the joints that must be seen while they move or all the time, of all or of those above the waist."""
MOVED = 0.15
"""Metres that a limb must move relative to the spine, or the spine up or down; where the spine is mostly hidden, it is
taken to be below the shoulders."""
LIMB = 3
"""Joints that must move together: one alone may be noise of the tracker."""
STEP, STEP_SECONDS = 0.08, 0.3
"""Metres in seconds from which on a joint moves."""
SLOW = 0.25
"""Share of the fastest movement from which on it counts as movement."""
AFTER = 0.2
"""Seconds after the last movement at which the window ends."""
MAX_GAP = 1.0
"""Seconds without the person that end a span."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """An example, and its window."""

    example: Example
    window: np.ndarray
    """(T, M, V, 3) float32, normalised: the input of an encoder."""
    left_out: float = 0.0
    """Seconds of movement before the window, which the example has not."""


def from_body(
    joints: np.ndarray, mask: np.ndarray, rate: float, shape: WindowShape, source: str, topology: str
) -> Shown:
    """The example in a span of regular frames of one person.

    Args:
        joints: (L, V, 3) metres, canonical.
        mask: (L, V) bool, False where invalid.
        rate: frames a second.
        shape: of the windows of the encoder.
        source: what to say of where it came from.
        topology: joint set of the tracker.

    Raises:
        ValueError: too few frames, too few joints seen, or no movement; the message says what to do.
    """
    seen_from = int(mask.any(axis=1).argmax())  # not the first where a recording begins between two grid frames
    joints, mask = joints[seen_from:], mask[seen_from:]
    if len(mask) < MIN_FRAMES:
        raise ValueError(
            f"{source}: expected a person for {MIN_FRAMES / rate:.1f} s or longer, got {len(mask) / rate:.1f} s"
        )
    reach, first, last = _movement(joints, mask, rate)
    if not (reach >= MOVED and mask.any(axis=1).mean() >= SEEN and _share(mask[first : last + 1]) >= SEEN):
        _check_seen(mask, source, topology)
    if not reach >= MOVED:
        raise ValueError(
            f"{source}: the person did not move: expected {MOVED * 100:.0f} cm of an arm or a leg or more, got"
            f" {reach * 100:.0f} cm; make the gesture between start and stop"
        )
    begin = last + 1 - shape.frames
    window = compose([[_window(joints, mask, begin, last)]], shape)[0]
    seconds = round((last + 1 - max(first, begin)) / rate, 2)
    return Shown(Example(source=source, seconds=seconds, topology=topology), window, max(0, begin - first) / rate)


def from_recording(
    recording: Recording,
    rate: float,
    shape: WindowShape,
    *,
    person: str | None = None,
    start: float = 0.0,
    stop: float = math.inf,
) -> Shown:
    """The example in a span of a recording.

    Args:
        recording: in any joint set.
        rate: frames a second of the encoder's windows.
        shape: of these windows.
        person: whose gesture it is; may be left out where there is one person.
        start: seconds from the first frame.
        stop: seconds from the first frame.

    Raises:
        ValueError: joints in a picture for windows that need depth, a span that begins before the recording or not
            before it ends, nobody or several people in it, an unknown joint set, or as ``from_body``.
    """
    origin = recording.frames[0].stamp if recording.frames else 0.0
    span = f" {start:g}-{stop:g} s" if (start, stop) != (0.0, math.inf) else ""
    source = f"{recording.name}{span}"
    frames = tuple(frame for frame in recording.frames if start <= frame.stamp - origin <= stop)
    if not frames or not 0.0 <= start < stop:
        last = recording.frames[-1].stamp - origin if recording.frames else 0.0
        nothing = "" if frames else "no frames there; "
        raise ValueError(f"{source}: {nothing}expected a span that begins before it ends, within 0-{last:.1f} s")
    if recording.flat and not shape.flat:
        raise ValueError(
            f"{source}: expected joints in space, got joints in a picture: take weights that need no depth, or a"
            " tracker with a depth image"
        )
    there = tracklets(dataclasses.replace(recording, frames=frames, segments=()), (), rate, MAX_GAP)
    tracklet = _of_person(there, person, source) or _nobody(frames, person, source, rate)
    return from_body(tracklet.joints, tracklet.mask, rate, shape, source, recording.topology)


def _check_seen(mask: np.ndarray, source: str, topology: str) -> None:
    """ValueError where too few joints are seen, of the body or for the time."""
    there = mask.any(axis=1)
    if not there.any():
        raise ValueError(f"{source}: no joint can be believed: are they in metres, and those of {topology}?")
    if _share(mask) >= SEEN:
        return
    if _share(mask[there]) >= SEEN:
        raise ValueError(
            f"{source}: the person was seen for {there.mean():.0%} of the time, expected {SEEN:.0%} or more (joints"
            " that repeat to the last digit, as of a tracker that hangs, count as missing): make the gesture again"
        )
    raise ValueError(
        f"{source}: {mask.mean():.0%} of the joints were seen and {mask[:, UPPER].mean():.0%} of those above the waist,"
        f" expected {SEEN:.0%} or more: stand so that arms and shoulders are in view, and make the gesture again"
    )


def _share(mask: np.ndarray) -> float:
    """Share of the joints that are seen: of all, or of those above the waist, whichever is more."""
    return max(float(mask.mean()), float(mask[:, UPPER].mean()))


def _of_person(there: list[Tracklet], person: str | None, source: str) -> Tracklet | None:
    """The longest tracklet of a person, who must be the only one if not named; None where they have none."""
    longest = max((len(one.labels) for one in there), default=0)
    people = sorted({one.person for one in there if 2 * len(one.labels) >= longest})
    if person is None and len(people) > 1:
        raise ValueError(f"{source}: expected one person, got {len(people)} ({', '.join(people[:5])}): say which")
    mine = [one for one in there if person in (None, one.person)]
    return max(mine, key=lambda one: len(one.labels), default=None)


def _nobody(frames: Sequence[SkeletonFrame], person: str | None, source: str, rate: float) -> NoReturn:
    """ValueError: nobody, or not this person, is there for long enough."""
    seen = [{one.id for one in frame.people if np.isfinite(one.joints).any()} for frame in frames]
    whom = "nobody" if person is None else f"no person {shown(person)}"
    people = sorted(set().union(*seen))
    raise ValueError(
        f"{source}: {whom} is seen there for {MIN_FRAMES / rate:.1f} s without a gap of {MAX_GAP:g} s: in"
        f" {sum(bool(one) if person is None else person in one for one in seen)} of {len(seen)} frames"
        f" ({frames[-1].stamp - frames[0].stamp:.1f} s); people: {', '.join(map(cut, people[:5])) or 'none'}"
    )


def _movement(joints: np.ndarray, mask: np.ndarray, rate: float) -> tuple[float, int, int]:
    """Metres that a limb or the trunk moves, first and last frame of that; all frames where none moves fast enough."""
    places = np.where(mask[:, :, None], joints, np.nan).astype(np.float64)
    if mask[:, SPINE_MID].mean() < SEEN:  # a table or the edge of the picture hides it: about where it must be, always
        places[:, SPINE_MID] = np.nan
        places[:, SPINE_MID] = spine_of(places[None])[0]
    spine = places[:, SPINE_MID]
    relative = places - spine[:, None]
    relative[:, SPINE_MID] = 0.0
    relative[:, SPINE_MID, 1] = spine[:, 1]
    lag = max(1, round(STEP_SECONDS * rate))
    reach = _reach(relative)
    steps = _limb(np.linalg.norm(relative[lag:] - relative[:-lag], axis=2))
    moving = np.flatnonzero(steps >= max(STEP, SLOW * steps.max(initial=0.0)))
    if not len(moving):
        return reach, 0, len(mask) - 1
    return reach, int(moving[0]), min(int(moving[-1]) + lag + round(AFTER * rate), len(mask) - 1)


def _reach(relative: np.ndarray) -> float:
    """Metres: how far a limb, or the spine, goes, without its extreme twentieths; 0 where nothing is known."""
    known = np.isfinite(relative).all(axis=2).sum(axis=0) >= MIN_FRAMES // 2
    if not known.any():
        return 0.0
    low, high = np.nanpercentile(np.where(known[:, None], relative, 0.0), [5.0, 95.0], axis=0)
    return float(_limb(np.linalg.norm(high - low, axis=1)[None])[0])


def _limb(distances: np.ndarray) -> np.ndarray:
    """(L, V) metres that joints moved, NaN where unknown -> (L,) what ``LIMB`` joints, or the spine alone, moved."""
    known = np.nan_to_num(distances)
    third: np.ndarray = np.sort(known, axis=1)[:, -LIMB]
    return np.maximum(third, known[:, SPINE_MID])


def _window(joints: np.ndarray, mask: np.ndarray, begin: int, last: int) -> Body:
    """Frames ``begin`` to ``last``; those before the span are its first one."""
    frames = np.arange(begin, last + 1).clip(0)
    return joints[frames].astype(np.float32), mask[frames]
