"""Assigns the samples of a tracker to people, whatever its ids do, and follows so many of them, the nearest first.

The ids of a tracker are checked against positions. A sample that is farther from its person than a body can move
(``SPEED``, plus ``NOISE``) belongs to

- another person who was just there and has no sample in this frame: two ids are swapped. The people keep their names,
  and from now on the ids are exchanged;
- a new person, if the next sample is there too: the old person is lost;
- no person otherwise: the sample is refused.

Ids are swapped, too, where two samples of one frame are each where the other's person just was, however near they are,
unless both may have walked there: of two who pass each other out of sight nobody knows better than the tracker.

At most ``limit`` people who are seen are followed, the nearest to the sensor first, and as many who are frozen. An
empty slot of the tracker, a sample without a valid joint, is nobody: it begins no person and keeps none.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from usdrl_model.events.config import StreamConfig
from usdrl_model.online.association import Association, Memory
from usdrl_model.online.renamed import Renamed
from usdrl_model.online.tracked_person import Sighting, TrackedPerson, follow_states

SPEED = 8.0
"""Metres a second, for a running person and a turning sensor together."""
NOISE = 0.4
"""Metres of tracker error between two samples. Most joints must exceed it, so one wrong limb is no jump."""
SAME_PLACE = 1.0
"""Metres between a person and a sample of another id that may still be the same person."""
NEARER = 0.3
"""Metres by which a new person must be nearer than the farthest one to replace them."""

MOVED, STAYED = 0.3, 0.2
"""Metres: ids are swapped where two people both moved by more than this, and by less than that by the other's id."""
IN_SIGHT, PACE = 0.15, 0.5
"""Seconds: who was not seen for longer than this may have walked on, as fast as in so many before."""

Sample = tuple[np.ndarray, np.ndarray]
"""Canonical joints (25, 3) in metres, and confidence (25,), 0 where invalid."""


class Crowd:
    """The people of one stream.

    Args:
        follow: makes a person from a name and the first sighting.
        config: how many people are followed, when they are lost, and whose ids they have.
        counters: receives the counts.
        memory: of ``Association``.

    Raises:
        ValueError: as ``Association``, for ids of our own.
    """

    def __init__(
        self,
        follow: Callable[[str, Sighting], TrackedPerson],
        config: StreamConfig,
        counters: Counter[str],
        memory: Memory,
    ) -> None:
        self._follow = follow
        self._limit = config.max_people
        self._max_gap = config.max_gap
        self._association = Association(memory, config.reset_after) if config.ids == "own" else None
        self._renamed = Renamed()
        self._counters = counters
        self._people: dict[str, TrackedPerson] = {}
        self._names: dict[str, str] = {}
        """Id of the tracker -> name of the person, where they differ; always a permutation of its ids."""

    @property
    def people(self) -> tuple[TrackedPerson, ...]:
        """All people, in the order in which they appeared."""
        return tuple(self._people.values())

    def take(
        self, stamp: float, samples: Mapping[str, Sample], sensor: tuple[float, float, float]
    ) -> list[TrackedPerson]:
        """Assign every sample to its person.

        Args:
            stamp: seconds.
            samples: id of the tracker -> sample.
            sensor: where the sensor is, in the frame of the joints, metres.

        Returns:
            People who are lost; the caller ends their actions.
        """
        if self._association is not None:
            samples = self._association.name(stamp, samples)
        elif renamed := self._renamed(stamp, samples):
            self._counters["ids_renewed"] += renamed
        sightings = {
            id_: Sighting(stamp, joints, confidence, np.asarray(sensor))
            for id_, (joints, confidence) in samples.items()
        }
        self._undo_swaps(sightings)
        gone: list[TrackedPerson] = []
        leaping: list[str] = []
        fresh = False
        for id_, sighting in sorted(sightings.items(), key=lambda pair: pair[1].range):
            person = self._people.get(self._name(id_))
            if person is None:
                gone += self._start(id_, sighting)
            elif stamp <= (newest := (person.stray or person.sighting).stamp):
                # Another one of the same id at the same instant; of an older one nobody knows where it should be.
                self._counters["leaps_refused"] += stamp == newest and _jumped(person, sighting)
                continue
            elif _jumped(person, sighting):
                leaping.append(id_)
            else:
                self._add(person, sighting)
            fresh = True
        for id_ in leaping:
            gone += self._settle(id_, sightings[id_])
        gone += self._too_many(stamp)
        follow_states(self.people)
        if samples and not fresh:
            self._counters["stale_frames"] += 1
        return gone

    def expire(self, now: float) -> list[TrackedPerson]:
        """Remove and return the people of whom no joint has been sent for ``max_gap``."""
        oldest = now - self._max_gap
        return self._lose([name for name, person in self._people.items() if person.placed < oldest])

    def unseen(self, now: float) -> list[TrackedPerson]:
        """People whose joints have been frozen for ``max_gap``: a tracker that hangs, or a wrong detection."""
        return [person for person in self._people.values() if not person.seen(now - self._max_gap)]

    def here(self, now: float) -> list[TrackedPerson]:
        """All others: who counts as one of ``limit``, as a frozen or wrong detection takes nobody's place."""
        return [person for person in self._people.values() if person.seen(now - self._max_gap)]

    def disperse(self, *, back: bool) -> list[TrackedPerson]:
        """Remove and return all people; ``back``: time has jumped back, and nobody is known by their place any more."""
        if back and self._association is not None:
            self._association.forget()
        self._renamed.forget()
        return self._lose(list(self._people))

    def _undo_swaps(self, sightings: Mapping[str, Sighting]) -> None:
        """Exchange the ids of every two people of whom each is now where the other just was."""
        moved = {
            id_: person
            for id_, sighting in sightings.items()
            if (person := self._people.get(self._name(id_))) is not None and _displaced(person, sighting)
        }
        for one, other in itertools.combinations(moved, 2):
            if _apart(moved[one], sightings[other]) < STAYED and _apart(moved[other], sightings[one]) < STAYED:
                self._counters["ids_swapped"] += 1
                self._exchange(one, moved[other].id)

    def _settle(self, id_: str, sighting: Sighting) -> list[TrackedPerson]:
        """Assign a sighting that is too far from its person; return the people who are lost."""
        person = self._people.get(self._name(id_))
        if person is None:  # a nearer person has just replaced them
            return self._start(id_, sighting)
        if not _jumped(person, sighting):  # the ids were exchanged for another person
            self._add(person, sighting)
            return []
        owner = self._owner(sighting)
        if owner is not None:
            self._counters["ids_swapped"] += 1
            self._exchange(id_, owner.id)
            self._add(owner, sighting)
            return []
        stray = person.stray
        if stray is None or too_fast(*stray.distances(sighting), sighting.stamp):
            self._refuse_stray(person)
            person.stray = sighting
            return []
        self._counters["id_jumps"] += 1
        person.stray = None
        gone = self._lose([person.id]) + self._start(id_, stray)
        if (new := self._people.get(self._name(id_))) is not None:
            self._add(new, sighting)
        return gone

    def _owner(self, sighting: Sighting) -> TrackedPerson | None:
        """The person who was just at the place of the sighting and has no sample in this frame."""
        near = {}
        for person in self._people.values():
            distance, _ = person.distances(sighting)
            if person.sighting.stamp < sighting.stamp and distance.size and not _jumped(person, sighting):
                near[float(np.median(distance))] = person
        return near[min(near)] if near and min(near) < SAME_PLACE else None

    def _start(self, id_: str, sighting: Sighting) -> list[TrackedPerson]:
        """Follow a new person; return the one they replace, if any."""
        if math.isinf(sighting.range):
            return []
        gone: list[TrackedPerson] = []
        here = self.here(sighting.stamp)
        if len(here) >= self._limit:
            self._counters["people_over_limit"] += 1
            farthest = max(here, key=lambda person: person.away)
            if not sighting.range < farthest.away - NEARER:
                return []
            gone = self._lose([farthest.id])
        if id_ not in self._people:
            self._exchange(id_, id_)
        self._counters["tracks_started"] += 1
        name = self._name(id_)
        self._people[name] = self._follow(name, sighting)
        return gone

    def _too_many(self, now: float) -> list[TrackedPerson]:
        """Remove and return who is beyond the limit.

        Of those who are seen the farthest, because one who was frozen moves again; of the others those who were seen
        the longest ago.
        """
        if len(self._people) <= self._limit:
            return []
        near = sorted(self.here(now), key=lambda person: person.away)
        ghosts = sorted(self.unseen(now), key=lambda person: -person.track.seen_stamp)
        return self._lose([person.id for person in (*near[self._limit :], *ghosts[self._limit :])])

    def _add(self, person: TrackedPerson, sighting: Sighting) -> None:
        self._refuse_stray(person)
        person.add(sighting)

    def _refuse_stray(self, person: TrackedPerson) -> None:
        if person.stray is not None:
            self._counters["leaps_refused"] += 1
            person.stray = None

    def _lose(self, names: list[str]) -> list[TrackedPerson]:
        gone = [self._people.pop(name) for name in names]
        for person in gone:
            self._counters["tracks_lost"] += 1
            self._refuse_stray(person)
        if not self._people:
            self._names.clear()
        return gone

    def _name(self, id_: str) -> str:
        return self._names.get(id_, id_)

    def _exchange(self, id_: str, name: str) -> None:
        """Map ``id_`` to the person ``name``, and the former id of that person to the former person of ``id_``."""
        was = self._name(id_)
        theirs = next((other for other, called in self._names.items() if called == name), name)
        for other, called in ((theirs, was), (id_, name)):
            self._names.pop(other, None)
            if other != called:
                self._names[other] = called


def _apart(person: TrackedPerson, sighting: Sighting) -> float:
    """Metres between a person's last position and a later sighting: the median of the joints; NaN without any."""
    distance, _ = person.distances(sighting)
    return float(np.median(distance)) if distance.size and sighting.stamp > person.sighting.stamp else math.nan


def _displaced(person: TrackedPerson, sighting: Sighting) -> bool:
    """Whether a person is farther from where they just were than they walk in that time."""
    since, apart = sighting.stamp - person.track.seen_stamp, _apart(person, sighting)
    return apart > MOVED and (since <= IN_SIGHT or apart > MOVED + person.track.speed(PACE) * since)


def _jumped(person: TrackedPerson, sighting: Sighting) -> bool:
    """Most joints are farther than a body can move, both in the frame and relative to the sensor.

    Neither a corrected map, which moves all people in the frame, nor a second sensor elsewhere is a jump.
    """
    return too_fast(*person.distances(sighting), sighting.stamp) and too_fast(
        *person.distances(sighting, from_sensor=True), sighting.stamp
    )


def too_fast(distance: np.ndarray, since: np.ndarray, stamp: float) -> bool:
    """Whether most of (J,) distances in metres, each since its stamp (J,), exceed ``SPEED``; False without joints."""
    return 2 * np.count_nonzero(distance > NOISE + SPEED * (stamp - since)) > len(distance)
