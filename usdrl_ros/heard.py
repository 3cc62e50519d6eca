"""What a client has heard of a perception node: its newest state, and what began, without a gap.

States are those of docs/state.md, whatever else they hold. Stamps are seconds of the source's clock, ``now`` is of the
receiver's, which never jumps.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator
from typing import Any

from usdrl_ros.outputs.qos import HEARTBEATS
from usdrl_ros.outputs.state_json import SCHEMA

SHORTEST_SILENCE = 0.5
"""Seconds of silence that are always tolerated, however short the period."""
REMEMBERED = 256
"""Events, and beginnings of states by geometry, that are kept for readers that come late."""
MOST_STATES = 1024
"""States that have begun and are known again, at most."""
SPAN, LONGEST_SPAN = 0.5, 2.0
"""Seconds over which the speed of a person is taken, and at most where states come less often."""


class Pulse:
    """Whether promised heartbeats still arrive; time is an argument."""

    def __init__(self) -> None:
        self._stamp: float | None = None
        self._sure = False
        self._until = -math.inf

    def beat(self, stamp: float, period: float, now: float) -> None:
        """Record a heartbeat: its stamp and promised period, received at ``now`` by the receiver's clock, seconds."""
        if stamp != self._stamp:
            # After a silence, the next one may be a latched one again.
            self._sure = self._stamp is not None and now <= self._until
            self._stamp, self._until = stamp, now + max(HEARTBEATS * period, SHORTEST_SILENCE)

    def alive(self, now: float) -> bool:
        """At least two heartbeats arrived, the last one in time."""
        return self._sure and now <= self._until


class Heard:
    """The states of one node, restarts of it included. Not safe for several threads."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = None
        self.pulse = Pulse()
        self.came = -math.inf
        """When the newest stamp was first heard, by the receiver's clock: a silent source keeps the same one."""
        self.count = 0
        """Of all events and beginnings of states."""
        self._events: deque[tuple[int, dict[str, Any], float]] = deque(maxlen=REMEMBERED)
        self._begun: deque[tuple[int, tuple[str, str, float], float]] = deque(maxlen=REMEMBERED)
        """With their counts, and how far the source's clock was behind the receiver's then: it may jump afterwards."""
        self._newest: dict[str, Any] | None = None
        """The newest event."""
        self._told: dict[tuple[str, str, float], None] = {}
        """States that have begun, in the order in which they last held: who is out of sight may come back in them."""
        self._ranges: dict[str, list[tuple[float, float]]] = {}

    def take(self, state: dict[str, Any], now: float) -> list[dict[str, Any]]:
        """Take the next state, of ``understood``; returns its events that were not heard before."""
        first, before = self.state is None, self._source(now)
        events = [] if first else self._unheard(state)
        if self.state is None or state.get("stamp") != self.state.get("stamp"):
            self.came = now
        self.state = state
        after = self._source(now)
        for event in events:
            self.count += 1
            # What a jump of time ends has a stamp of before it.
            stamp = _number(event.get("stamp"), after)
            self._events.append((self.count, event, now - min(after, before, key=lambda one: abs(one - stamp))))
            if event.get("kind") in ("entered", "left"):
                self._forget(event.get("person", ""))
        for held in sorted(_held(state), key=lambda one: one[2]):
            if not first and held not in self._told:
                self.count += 1
                self._begun.append((self.count, held, now - after))
            self._told.pop(held, None)
            self._told[held] = None
        while len(self._told) > MOST_STATES:
            del self._told[next(iter(self._told))]
        self._newest = max(state["events"], key=lambda one: one["seq"], default=None)
        self._follow(state)
        self.pulse.beat(state["heartbeat"]["stamp"], state["heartbeat"]["period"], now)
        return events

    def events_since(self, cursor: int) -> list[dict[str, Any]]:
        """Events after a ``count``, oldest first."""
        return [event for number, event, _ in self._events if number > cursor]

    def begun_since(self, cursor: int) -> list[tuple[str, str]]:
        """Person and name of the states by geometry that began after a ``count``, oldest first."""
        return [(person, label) for number, (person, label, _), _ in self._begun if number > cursor]

    def news_since(self, cursor: int, now: float) -> list[dict[str, Any]]:
        """Both of them in the order in which they were heard, with their ages.

        The beginning of a state is of the kind ``state``. ``onset_ago`` and ``offset_ago`` are seconds of the
        receiver's clock; None where there is no such stamp.
        """
        states = (
            (number, {"kind": "state", "person": person, "label": label, "onset": onset}, behind)
            for number, (person, label, onset), behind in self._begun
        )
        news = sorted((*self._events, *states), key=lambda one: one[0])
        return [one | _ages(one, now - behind) for number, one, behind in news if number > cursor]

    def approach(self, person: str) -> float | None:
        """Metres a second by which a person comes nearer, over the last ``SPAN``; None where that is not known."""
        track = self._ranges.get(person, [])
        if not track or track[-1][0] - track[0][0] < SPAN / 2:
            return None
        (start, before), (end, after) = track[0], track[-1]
        return (before - after) / (end - start)

    def _source(self, now: float) -> float:
        """The source's clock, by its newest stamp; it goes on while the source is silent."""
        return -math.inf if self.state is None else float(self.state.get("stamp", 0.0)) + now - self.came

    def _unheard(self, state: dict[str, Any]) -> list[dict[str, Any]]:
        """Events that were not heard before; all of them where the node was restarted, and counts from 1 again."""
        events: list[dict[str, Any]] = state["events"]
        before = self._newest["seq"] if self._newest else 0
        again = [event for event in events if event["seq"] == before]
        if state["seq"] < before or again not in ([], [self._newest]):
            return list(events)
        return [event for event in events if event["seq"] > before]

    def _forget(self, person: str) -> None:
        """Whoever has this id now may be somebody else, or a bag may loop: the same stamps are another time then."""
        self._ranges.pop(person, None)
        self._told = {held: None for held in self._told if held[0] != person}

    def _follow(self, state: dict[str, Any]) -> None:
        """Remember how far away everybody was."""
        stamp, ranges = state.get("stamp", 0.0), dict[str, list[tuple[float, float]]]()
        for person in state["people"]:
            if (distance := person.get("distance")) is None:
                continue
            track = [one for one in self._ranges.get(person["id"], []) if stamp - LONGEST_SPAN <= one[0] < stamp]
            older = [one for one in track if one[0] < stamp - SPAN]
            ranges[person["id"]] = [*older[-1:], *track[len(older) :], (stamp, distance)]
        self._ranges = ranges


def understood(text: str) -> dict[str, Any] | None:
    """A state with its heartbeat; None for whatever else somebody publishes there."""
    try:
        state = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(state, dict) or state.get("schema") != SCHEMA or not isinstance(state.get("seq"), int):
        return None
    beat, events, people = (state.get(name) for name in ("heartbeat", "events", "people"))
    good = isinstance(beat, dict) and all(isinstance(beat.get(name), float | int) for name in ("stamp", "period"))
    good = good and isinstance(state.get("stamp", 0.0), float | int)
    good = good and _listed(events, seq=int, kind=str, person=str, label=str | None, score=float | int | None)
    return state if good and _listed(people, id=str) and all(_is_person(one) for one in people or ()) else None


def _number(found: Any, otherwise: float) -> float:
    return float(found) if isinstance(found, float | int) else otherwise


def _ages(event: dict[str, Any], source: float) -> dict[str, float | None]:
    """How long ago an event began and ended, by the source's clock."""
    ages = {name: source - _number(event.get(name), math.nan) for name in ("onset", "offset")}
    return {f"{name}_ago": None if math.isnan(age) else age for name, age in ages.items()}


def _listed(found: Any, **kinds: Any) -> bool:
    """Whether it is a list of objects with these fields, each of its kind."""
    return isinstance(found, list) and all(
        isinstance(one, dict) and all(name in one and isinstance(one[name], kind) for name, kind in kinds.items())
        for one in found
    )


def _is_person(found: dict[str, Any]) -> bool:
    states = found.get("states", {"active": []})  # earlier nodes do not send it
    far = found.get("distance")
    known = isinstance(states, dict) and _listed(states.get("active"), label=str, onset=float | int)
    return known and (far is None or isinstance(far, float | int))


def _held(state: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Person, name and begin of the states by geometry that hold."""
    for person in state["people"]:
        for held in person.get("states", {"active": []})["active"]:
            yield person["id"], held["label"], held["onset"]
