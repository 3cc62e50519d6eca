"""Who is seen: each person with their place, how much of them is seen, and what they are doing by geometry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.online.crowd import too_fast
from usdrl_model.online.renamed import Renamed
from usdrl_model.online.tracked_person import Sighting
from usdrl_model.skeleton.person import SkeletonFrame, canonical
from usdrl_model.skeleton.topology import JOINT_INDEX, Topology
from usdrl_model.states.person import PersonStates

STEP = 0.05
"""Seconds between two frames that are used."""
MOST = 20
"""People who are listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One person, over all frames."""

    id: str
    seconds: float
    """From the first frame to the last."""
    ahead: float
    """Metres along the view of the sensor, over the floor, at the end."""
    left: float
    joints: float
    """Fraction of the 25 joints that are valid."""
    states: tuple[str, ...]
    """At the end."""

    def line(self) -> str:
        """For people."""
        side = f"{abs(self.left):.1f} m to the {'left' if self.left > 0 else 'right'}"
        place = f"{round(self.ahead, 1) + 0.0:.1f} m ahead, {side}" if np.isfinite(self.ahead) else "nowhere"
        parts = [f"{self.seconds:.0f} s", place, f"{self.joints:.0%} of the joints", *self.states]
        return f"{cut(self.id, NAME)}: {', '.join(parts)}"


@dataclass(slots=True)
class _Person:
    first: float
    last: float
    place: np.ndarray
    sighting: Sighting
    """The newest."""
    valid: list[float] = field(default_factory=list)
    states: PersonStates = field(default_factory=PersonStates)


class People:
    """Collects frames, in the order of their stamps."""

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}
        self._leaps: list[float] = []
        """Stamps of samples that are farther from the one before, of the same id, than a body can move."""
        self._renamed = Renamed()
        self._renewals: list[float] = []
        """Stamps at which somebody had a new id where they were."""

    def add(self, frame: SkeletonFrame, joint_set: Topology) -> None:
        """Add a frame in canonical axes."""
        sensor = np.asarray(frame.sensor)
        samples = {person.id: canonical(person, joint_set) for person in frame.people}
        self._renewals += [frame.stamp] * self._renamed(frame.stamp, samples)
        for person in frame.people:
            joints, confidence = canonical(person, joint_set)
            sighting = Sighting(frame.stamp, joints, confidence, sensor)
            known = self._people.get(person.id)
            if known is not None and frame.stamp >= known.sighting.stamp:
                # As in the crowd: what moves with the sensor, or against it, is a corrected map.
                beside = replace(sighting, joints=joints - (sensor - known.sighting.sensor))
                if all(too_fast(*known.sighting.distances(one), frame.stamp) for one in (sighting, beside)):
                    self._leaps.append(frame.stamp)
                if frame.stamp > known.sighting.stamp:
                    known.sighting = sighting
            if known is None:
                if len(self._people) >= 10 * MOST:
                    continue
                known = self._people[person.id] = _Person(frame.stamp, frame.stamp, np.full(3, np.nan), sighting)
            elif frame.stamp < known.last + STEP:
                continue
            known.last = frame.stamp
            known.valid.append(float((confidence > 0.0).mean()))
            if confidence[JOINT_INDEX["spine_base"]] > 0.0:
                known.place = joints[JOINT_INDEX["spine_base"]] - sensor
            known.states.add(frame.stamp, joints, confidence, sensor)

    def leaps(self, seconds: float) -> int:
        """Most leaps within so many seconds; there and back is one."""
        return _most(self._leaps, seconds) // 2

    def renewals(self, seconds: float) -> int:
        """Most new ids within so many seconds where somebody already was."""
        return _most(self._renewals, seconds)

    def seen(self) -> tuple[Seen, ...]:
        """Everybody, those first who were there for longest."""
        found = [
            Seen(
                id=name,
                seconds=person.last - person.first,
                ahead=float(person.place[2]),
                left=float(person.place[0]),
                joints=float(np.mean(person.valid)) if person.valid else 0.0,
                states=tuple(state.name for state in person.states.snapshot().active),
            )
            for name, person in self._people.items()
        ]
        return tuple(sorted(found, key=lambda one: -one.seconds)[:MOST])


def _most(times: list[float], seconds: float) -> int:
    """How many of some times are within so many seconds, at most."""
    stamps = np.sort(times)
    within = np.searchsorted(stamps, stamps + seconds) - np.arange(len(stamps))
    return int(within.max(initial=0))
