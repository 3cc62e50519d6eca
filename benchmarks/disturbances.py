"""What befalls skeletons between a person and a detector: pure functions from a recording to a disturbed one.

Every recording is in the canonical joints (``skeleton.recording.in_canonical_joints``), missing joints are NaN, and the
truth moves with the frames. Random ones take a seed, so that a disturbance is the same each time.

Letters: T frames, V joints.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from usdrl_model.simulation.faults import TrackerFaults, degrade
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX, topology

Disturb = Callable[[Recording], Recording]

ARM = ("elbow", "wrist", "hand", "hand_tip", "thumb")
LEGS = tuple(f"{part}_{side}" for part in ("knee", "ankle", "foot") for side in ("left", "right"))
HIPS = ("spine_base", "hip_left", "hip_right")
GAP = 0.5
"""Seconds between two frames of a person over which nothing is interpolated."""
SIDE_BY_SIDE = 1.3
"""Metres between the people of a composed scene."""
STATURE = 1.08
"""Height of a person over the distance from the lower foot to the head joint."""


def arm(side: str) -> tuple[str, ...]:
    """Joints of one arm below the shoulder."""
    return tuple(f"{part}_{side}" for part in ARM)


def seen_as(name: str) -> Disturb:
    """By a tracker with another joint set: its joints are those that fit the body best."""
    tracker = topology(name)
    fit = tracker.fit
    needed = np.abs(fit) > 0.05

    def joints(body: np.ndarray) -> np.ndarray:
        missing = np.isnan(body[:, 0])
        fitted = fit @ np.where(missing[:, None], 0.0, body)
        fitted[(needed & missing).any(axis=1)] = np.nan
        return fitted

    return lambda one: replace(_moved(one, joints), topology=name)


def missing(names: Collection[str]) -> Disturb:
    """Joints that are never seen."""
    lost = [JOINT_INDEX[name] for name in names]

    def joints(body: np.ndarray) -> np.ndarray:
        body = body.copy()
        body[lost] = np.nan
        return body

    return lambda one: _moved(one, joints)


def dropping_out(share: float, seed: int = 0) -> Disturb:
    """Each joint is missing this share of the time, in drop-outs of about a quarter of a second."""

    def apply(one: Recording) -> Recording:
        rng = np.random.default_rng(seed)
        stamps, people = _tracks(one)
        faults = TrackerFaults(joint_loss=share)
        lost = {who: degrade(rng, faults, stamps, body, CANONICAL_JOINTS)[0] for who, body in people.items()}
        return _recording(one, stamps, lost)

    return apply


def noise(metres: float, seed: int = 0) -> Disturb:
    """White noise of this standard deviation in every coordinate."""

    def apply(one: Recording) -> Recording:
        rng = np.random.default_rng(seed)
        return _moved(one, lambda body: body + rng.normal(0.0, metres, body.shape))

    return apply


def turned(degrees: float) -> Disturb:
    """People turned about the vertical through the middle of where they are: the sensor stands elsewhere."""

    def apply(one: Recording) -> Recording:
        middle = np.nanmedian(_roots(one), axis=0) * (1.0, 0.0, 1.0)
        rotation = _rotation(1, degrees)
        return _moved(one, lambda body: (body - middle) @ rotation.T + middle)

    return apply


def tilted(axis: str, degrees: float) -> Disturb:
    """The sensor pitched (about the axis to its left) or rolled (about the axis ahead), and nobody told."""
    rotation = _rotation({"pitch": 0, "roll": 2}[axis], degrees)
    return lambda one: _moved(one, lambda body: body @ rotation.T)


def tall(metres: float) -> Disturb:
    """Everything scaled about the sensor, so that the person is this tall."""

    def apply(one: Recording) -> Recording:
        factor = metres / height(one)
        return _moved(one, lambda body: body * factor)

    return apply


def height(one: Recording) -> float:
    """Metres from floor to crown, of a recording of people who stand upright for at least a tenth of the time."""
    bodies = np.stack([person.joints for frame in one.frames for person in frame.people])
    feet = bodies[:, [JOINT_INDEX[name] for name in ("foot_left", "foot_right")], 1].min(axis=1)
    return STATURE * float(np.nanpercentile(bodies[:, JOINT_INDEX["head"], 1] - feet, 90))


def at_rate(rate: float) -> Disturb:
    """By a tracker of this frame rate in Hz; between frames, joints are interpolated."""

    def apply(one: Recording) -> Recording:
        stamps, people = _tracks(one)
        grid = np.arange(stamps[0], stamps[-1] + 1e-9, 1.0 / rate)
        return _recording(one, grid, {who: _interpolated(stamps, body, grid) for who, body in people.items()})

    return apply


def at_speed(factor: float, rate: float) -> Disturb:
    """Everything done so many times as fast, and seen at a frame rate in Hz."""

    def apply(one: Recording) -> Recording:
        first = one.frames[0].stamp
        then = lambda stamp: first + (stamp - first) / factor  # noqa: E731
        frames = tuple(replace(frame, stamp=then(frame.stamp)) for frame in one.frames)
        segments = tuple(replace(s, start=then(s.start), end=then(s.end)) for s in one.segments)
        return at_rate(rate)(replace(one, frames=frames, segments=segments))

    return apply


def together(recordings: Sequence[Recording], rate: float) -> Recording:
    """Several recordings of one person as one scene: side by side, from the same instant on, until the last is over."""
    scenes, segments = [], []
    for index, one in enumerate(recordings):
        stamps, people = _tracks(at_rate(rate)(one))
        shift = (SIDE_BY_SIDE * (index - 0.5 * (len(recordings) - 1)), 0.0, 0.0)
        scenes.append({f"{index}-{who}": body + shift for who, body in people.items()})
        segments += [Segment(f"{index}-{s.person}", s.label, s.start - stamps[0], s.end - stamps[0])
                     for s in one.segments]  # fmt: skip
    longest = max(len(body) for scene in scenes for body in scene.values())
    padding = lambda body: ((0, longest - len(body)), (0, 0), (0, 0))  # noqa: E731
    people = {
        who: np.pad(body, padding(body), constant_values=np.nan) for scene in scenes for who, body in scene.items()
    }
    joined = replace(recordings[0], name="+".join(one.name for one in recordings), segments=tuple(segments))
    return _recording(joined, np.arange(longest) / rate, people)


def swapping(seconds: float) -> Disturb:
    """Everybody takes the id of the next person, at once, each time so many seconds have passed."""

    def apply(one: Recording) -> Recording:
        stamps, people = _tracks(one)
        turn = ((stamps - stamps[0]) / seconds).astype(int) % len(people)
        bodies = np.stack(list(people.values()))  # (people, T, V, 3)
        rows = np.arange(len(stamps))
        return _recording(
            one, stamps, {who: bodies[(index + turn) % len(people), rows] for index, who in enumerate(people)}
        )

    return apply


def _moved(one: Recording, joints: Callable[[np.ndarray], np.ndarray]) -> Recording:
    """Every body (V, 3) replaced."""
    moved = lambda person: Person(person.id, joints(person.joints))  # noqa: E731
    return replace(one, frames=tuple(replace(frame, people=tuple(map(moved, frame.people))) for frame in one.frames))


def _tracks(one: Recording) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Stamps (T,), and the joints (T, V, 3) of each person, NaN where they are missing or nobody is there."""
    stamps = np.array([frame.stamp for frame in one.frames])
    who = dict.fromkeys(person.id for frame in one.frames for person in frame.people)
    people = {name: np.full((len(stamps), len(CANONICAL_JOINTS), 3), np.nan) for name in who}
    for row, frame in enumerate(one.frames):
        for person in frame.people:
            people[person.id][row] = person.joints
    return stamps, people


def _recording(one: Recording, stamps: np.ndarray, people: dict[str, np.ndarray]) -> Recording:
    """The recording with other frames; a person without a joint is not there."""
    there = {who: ~np.isnan(body[..., 0]).all(axis=1) for who, body in people.items()}
    frames = tuple(
        SkeletonFrame(float(stamp), tuple(Person(who, people[who][row]) for who in people if there[who][row]))
        for row, stamp in enumerate(stamps)
    )
    return replace(one, frames=frames)


def _interpolated(stamps: np.ndarray, body: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Joints (T, V, 3) at other stamps; NaN between frames of which one lacks the joint, or that are far apart."""
    after = np.clip(np.searchsorted(stamps, grid, side="right"), 1, len(stamps) - 1)
    before = after - 1
    step = np.maximum(stamps[after] - stamps[before], 1e-9)
    share = np.clip((grid - stamps[before]) / step, 0.0, 1.0)[:, None, None]
    found: np.ndarray = body[before] * (1.0 - share) + body[after] * share
    found[step > GAP] = np.nan
    return found


def _roots(one: Recording) -> np.ndarray:
    """(R, 3) the base of the spine of everybody in every frame."""
    return np.stack([person.joints[JOINT_INDEX["spine_base"]] for frame in one.frames for person in frame.people])


def _rotation(axis: int, degrees: float) -> np.ndarray:
    """(3, 3) about x, y or z."""
    sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    first, second = [index for index in range(3) if index != axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix
