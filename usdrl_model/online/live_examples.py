"""Examples of gestures from people in front of the sensor: who makes one, and what they have just done."""

from __future__ import annotations

from usdrl_model.errors.shown import cut, shown
from usdrl_model.gestures import examples
from usdrl_model.gestures.examples import Shown
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.stream import ActionStream
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.windows.track import MAX_JOINT_GAP

SILENT = 1.0
"""Seconds without news of the tracker after which nobody knows whether somebody is still there."""
APART = 0.3
"""Metres by which one person must be nearer than all others to be meant without a name."""


def find(stream: ActionStream, person: str = "") -> TrackedPerson:
    """The person of that name, or the one nearest to the sensor where it is empty.

    Raises:
        ValueError: there is no such person or nobody at all, or two are equally near.
    """
    near = sorted((one for one in stream.people if one.came is not None), key=lambda one: one.away)
    if person:
        return _named(near, person)
    if not near:
        raise ValueError("nobody is seen: stand in front of the sensor")
    if len(near) > 1 and near[1].away - near[0].away < APART:
        both = ", ".join(f"{cut(one.id)} at {one.away:.1f} m" for one in near[:2])
        raise ValueError(f"two people are equally near ({both}): let one step back, or name the person")
    return near[0]


def left(stream: ActionStream, person: TrackedPerson, came: float | None, since: float) -> float:
    """Seconds for which what a person does since a stamp is still kept; arguments as of ``example``, 0: it is lost."""
    kept = person.track.capacity / stream.weights.config.detector.rate
    there = person in stream.people and person.came == came
    return max(0.0, since + kept - stream.stamp) if there else 0.0


def example(
    stream: ActionStream,
    person: TrackedPerson,
    came: float | None,
    since: float,
    detector: DetectorConfig,
    silent: float = 0.0,
) -> Shown:
    """What a person has done since a stamp, as an example of a gesture for a detector of windows.

    Args:
        stream: that follows the person.
        person: of ``find``.
        came: since when they had been here then; who came later under the same id may be somebody else.
        since: stamp, seconds.
        detector: by whose features the gesture will be told.
        silent: seconds since the newest frame of the stream came.

    Raises:
        ValueError: the person was lost meanwhile, the time is too long, or as ``examples.from_body``.
    """
    if person not in stream.people or person.came != came:
        there = ", ".join(cut(one.id) for one in stream.people if one.came is not None) or "nobody"
        raise ValueError(f"person {cut(person.id)} was lost since start, there: {there}: begin again")
    unseen = stream.stamp - person.track.seen_stamp
    if unseen > MAX_JOINT_GAP or silent > SILENT:  # the rest of the gesture may be missing
        raise ValueError(f"person {cut(person.id)} has not been seen for {unseen + silent:.1f} s: begin again")
    joints, mask = person.since(since)
    source = f"person {cut(person.id)}, {since:.2f}-{person.track.last_stamp:.2f} s"
    return examples.from_body(joints, mask, detector.rate, detector.encoder.window, source, stream.topology.name)


def _named(people: list[TrackedPerson], person: str) -> TrackedPerson:
    found = next((one for one in people if one.id == person), None)
    if found is None:
        raise ValueError(f"no person {shown(person)}; there: {', '.join(cut(one.id) for one in people) or 'nobody'}")
    return found
