"""Who is there: which sample belongs to whom, who is followed, who is gone.

The ids of a tracker are not believed blindly. A sample that lies farther from its person than a body can have got since
(``SPEED``, beyond ``NOISE``) belongs to

- somebody else who was just there, not yet seen in this frame: two ids have changed places. The people keep the names
  they had, and from now on the ids are read the other way round;
- a new person, if the next sample lies there too: the old one is lost;
- nobody, if it does not: the sample is refused.

At most ``limit`` people are followed, the nearest to the sensor first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from usdrl_model.online.followed import Followed, Sighting

SPEED = 8.0
"""Metres a second. Nobody runs faster past a robot, whose own turning moves people in the sensor's frame as well."""
NOISE = 0.4
"""Metres by which a tracker may err from one sample to the next; most joints must, so a wild limb is no leap."""
SAME_PLACE = 1.0
"""Metres between where somebody was and a sample of another id that is them."""
NEARER = 0.3
"""Metres by which somebody must be nearer than the farthest one followed to take their place."""

Sample = tuple[np.ndarray, np.ndarray]
"""Canonical joints (25, 3) in metres, and confidence (25,), 0 where invalid."""


class Crowd:
    """The people of one stream.

    Args:
        follow: makes a new person of a name and the first sighting.
        limit: people followed at once.
        max_gap: seconds without a sample after which somebody is lost.
        counters: where it is counted what happened.
    """

    def __init__(
        self, follow: Callable[[str, Sighting], Followed], limit: int, max_gap: float, counters: Counter[str]
    ) -> None:
        self._follow = follow
        self._limit = limit
        self._max_gap = max_gap
        self._counters = counters
        self._people: dict[str, Followed] = {}
        self._names: dict[str, str] = {}
        """Id of the tracker -> name of the person, where they differ; always a permutation of the ids in it."""

    @property
    def people(self) -> tuple[Followed, ...]:
        """Everybody who is followed, in the order in which they came."""
        return tuple(self._people.values())

    def take(self, stamp: float, samples: Mapping[str, Sample], sensor: tuple[float, float, float]) -> list[Followed]:
        """Give every sample to its person.

        Args:
            stamp: seconds.
            samples: id of the tracker -> sample.
            sensor: where the sensor is, in the frame of the joints, metres.

        Returns:
            Who is followed no longer; their actions are still to be ended.
        """
        sightings = {
            id_: Sighting(stamp, joints, confidence, np.asarray(sensor))
            for id_, (joints, confidence) in samples.items()
        }
        gone: list[Followed] = []
        leaping: list[str] = []
        fresh = False
        for id_, sighting in sorted(sightings.items(), key=lambda pair: pair[1].range):
            person = self._people.get(self._name(id_))
            if person is None:
                gone += self._start(id_, sighting)
            elif stamp <= (person.stray or person.sighting).stamp:
                continue
            elif _leapt(person, sighting):
                leaping.append(id_)
            else:
                self._add(person, sighting)
            fresh = True
        for id_ in leaping:
            gone += self._settle(id_, sightings[id_])
        if samples and not fresh:
            self._counters["stale_frames"] += 1
        return gone

    def expire(self, now: float) -> list[Followed]:
        """Stop following who was away for too long, and return them."""
        oldest = now - self._max_gap
        return self._lose([name for name, person in self._people.items() if person.sighting.stamp < oldest])

    def unseen(self, now: float) -> list[Followed]:
        """Those of whom samples come, but for too long no joint that can be believed: lost, frozen or never there."""
        return [person for person in self._people.values() if person.track.seen_stamp < now - self._max_gap]

    def disperse(self) -> list[Followed]:
        """Stop following everybody, and return them."""
        return self._lose(list(self._people))

    def _settle(self, id_: str, sighting: Sighting) -> list[Followed]:
        """Say whose sighting it is that lies too far from its person; return who is followed no longer."""
        person = self._people.get(self._name(id_))
        if person is None:  # somebody nearer has just taken their place
            return self._start(id_, sighting)
        if not _leapt(person, sighting):  # the ids were exchanged on behalf of another one
            self._add(person, sighting)
            return []
        owner = self._owner(sighting)
        if owner is not None:
            self._counters["ids_swapped"] += 1
            self._exchange(id_, owner.id)
            self._add(owner, sighting)
            return []
        stray = person.stray
        if stray is None or _beyond(*stray.way(sighting), sighting.stamp):
            self._refuse_stray(person)
            person.stray = sighting
            return []
        self._counters["id_jumps"] += 1
        person.stray = None
        gone = self._lose([person.id]) + self._start(id_, stray)
        self._add(self._people[self._name(id_)], sighting)
        return gone

    def _owner(self, sighting: Sighting) -> Followed | None:
        """Who was just where the sighting is, and has not been seen since."""
        near = {}
        for person in self._people.values():
            way, _ = person.way(sighting)
            if person.sighting.stamp < sighting.stamp and way.size and not _leapt(person, sighting):
                near[float(np.median(way))] = person
        return near[min(near)] if near and min(near) < SAME_PLACE else None

    def _start(self, id_: str, sighting: Sighting) -> list[Followed]:
        """Follow somebody new; return who had to give way to them."""
        gone: list[Followed] = []
        if len(self._people) >= self._limit:
            self._counters["people_over_limit"] += 1
            farthest = max(self._people.values(), key=lambda person: person.sighting.range)
            if not sighting.range < farthest.sighting.range - NEARER:
                return []
            gone = self._lose([farthest.id])
        if id_ not in self._people:
            self._exchange(id_, id_)
        self._counters["tracks_started"] += 1
        name = self._name(id_)
        self._people[name] = self._follow(name, sighting)
        return gone

    def _add(self, person: Followed, sighting: Sighting) -> None:
        self._refuse_stray(person)
        person.add(sighting)

    def _refuse_stray(self, person: Followed) -> None:
        if person.stray is not None:
            self._counters["leaps_refused"] += 1
            person.stray = None

    def _lose(self, names: list[str]) -> list[Followed]:
        gone = [self._people.pop(name) for name in names]
        for person in gone:
            self._counters["tracks_lost"] += 1
            self._refuse_stray(person)
        return gone

    def _name(self, id_: str) -> str:
        return self._names.get(id_, id_)

    def _exchange(self, id_: str, name: str) -> None:
        """Read ``id_`` as the person ``name``, and the id that was theirs as who ``id_`` was."""
        was = self._name(id_)
        theirs = next((other for other, called in self._names.items() if called == name), name)
        for other, called in ((theirs, was), (id_, name)):
            self._names.pop(other, None)
            if other != called:
                self._names[other] = called


def _leapt(person: Followed, sighting: Sighting) -> bool:
    """Most joints lie farther than they can have got to, both in the frame and as seen from the sensor.

    A corrected map moves everybody in the frame, and two sensors see the same person from different places: no leaps.
    """
    return _beyond(*person.way(sighting), sighting.stamp) and _beyond(
        *person.way(sighting, from_sensor=True), sighting.stamp
    )


def _beyond(way: np.ndarray, since: np.ndarray, stamp: float) -> bool:
    """Most of (J,) ways in metres since (J,) stamps are more than a body can do; False without joints."""
    return 2 * np.count_nonzero(way > NOISE + SPEED * (stamp - since)) > len(way)
