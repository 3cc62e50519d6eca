"""Examples of gestures from people in front of the sensor: who makes one, and what they have just done."""

from __future__ import annotations

from usdrl_model.errors.shown import cut, shown
from usdrl_model.gestures import examples
from usdrl_model.gestures.examples import Shown
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.stream import ActionStream
from usdrl_model.online.tracked_person import TrackedPerson

APART = 0.3
"""Metres by which one person must be nearer than all others to be meant without a name."""


def find(stream: ActionStream, person: str = "") -> str:
    """The person of that name, or the one nearest to the sensor where it is empty.

    Raises:
        ValueError: there is no such person or nobody at all, or two are equally near.
    """
    near = sorted(stream.people, key=lambda one: one.sighting.range)
    if person:
        return _named(near, person).id
    if not near:
        raise ValueError("nobody is seen: stand in front of the sensor")
    if len(near) > 1 and near[1].sighting.range - near[0].sighting.range < APART:
        both = ", ".join(f"{cut(one.id)} at {one.sighting.range:.1f} m" for one in near[:2])
        raise ValueError(f"two people are equally near ({both}): let one step back, or name the person")
    return near[0].id


def example(stream: ActionStream, person: str, since: float, detector: DetectorConfig) -> Shown:
    """What a person has done since a stamp, as an example of a gesture for a detector of windows.

    Raises:
        ValueError: the person is not there any more, the time is too long, or as ``examples.from_body``.
    """
    try:
        found = _named(stream.people, person)
    except ValueError as error:
        raise ValueError(f"{error}: lost since start, begin again") from None
    joints, mask = found.since(since)
    source = f"person {cut(person)}, {since:.2f}-{found.track.last_stamp:.2f} s"
    return examples.from_body(joints, mask, detector.rate, detector.encoder.window, source, stream.topology.name)


def _named(people: tuple[TrackedPerson, ...] | list[TrackedPerson], person: str) -> TrackedPerson:
    found = next((one for one in people if one.id == person), None)
    if found is None:
        raise ValueError(f"no person {shown(person)}; there: {', '.join(cut(one.id) for one in people) or 'nobody'}")
    return found
