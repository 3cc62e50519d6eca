"""Numbers the events of a stream: what people do, and who comes and goes.

Both share one course of numbers, so that a reader knows what came first: a person has ``entered`` before their first
onset, and their actions have ended, with ``offset`` or ``lost``, before they have ``left``. They are collected apart,
because whoever scores actions has no use for people.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from usdrl_model.events.onset_offset import Edge, Event
from usdrl_model.events.people import PersonEvent, Reason
from usdrl_model.online.tracked_person import TrackedPerson

RECENT_EVENTS = 64
"""Events kept in the state, so that a reader that polls misses none: 20 people may come at once, and act."""
WAITING = 1024
"""Events of people that wait to be collected, at most; the oldest go first."""


class EventLog:
    """The events of one stream; numbers rise by one, through resets too."""

    def __init__(self) -> None:
        self.seq = 0
        """Number of the newest event, 0 before the first."""
        self._recent: deque[Event | PersonEvent] = deque(maxlen=RECENT_EVENTS)
        self._actions: list[Event] = []
        self._people: deque[PersonEvent] = deque(maxlen=WAITING)

    @property
    def recent(self) -> tuple[Event | PersonEvent, ...]:
        """The last events of both kinds, oldest first."""
        return tuple(self._recent)

    def acts(self, person: str, edges: Sequence[Edge], stamp: float) -> None:
        """Somebody's actions start or end, as decided at ``stamp``."""
        for edge in edges:
            event = Event(
                kind=edge.kind, seq=self._next(), person=person, label=edge.label, score=edge.score,
                onset=edge.onset, offset=edge.offset, stamp=stamp,
            )  # fmt: skip
            self._recent.append(event)
            self._actions.append(event)

    def enters(self, person: str, came: float, stamp: float) -> None:
        """Somebody is seen from ``came`` on."""
        self._note(PersonEvent(
            kind="entered", seq=self._next(), person=person, came=came, went=None, reason=None, stamp=stamp
        ))  # fmt: skip

    def leaves(self, person: str, came: float, went: float, reason: Reason, stamp: float) -> None:
        """Somebody was seen from ``came`` to ``went``, and is not any more."""
        self._note(PersonEvent(
            kind="left", seq=self._next(), person=person, came=came, went=went, reason=reason, stamp=stamp
        ))  # fmt: skip

    def welcome(self, here: Iterable[TrackedPerson], stamp: float) -> None:
        """Those who are in the state for the first time, or again, have entered."""
        for person in here:
            if person.came is None:
                self.enters(person.id, person.enter(), stamp)

    def lose(self, people: Iterable[TrackedPerson], reason: Reason, stamp: float) -> None:
        """All that some people do is lost, and those who had entered have left."""
        for person in people:
            self.acts(person.id, person.close("lost"), stamp)
            if person.came is not None:
                self.leaves(person.id, person.came, person.track.seen_stamp, reason, stamp)
                person.leave()

    def collect(self) -> list[Event]:
        """The events of actions since the last call."""
        events, self._actions = self._actions, []
        return events

    def collect_people(self) -> list[PersonEvent]:
        """The events of people since the last call."""
        events = list(self._people)
        self._people.clear()
        return events

    def _note(self, event: PersonEvent) -> None:
        self._recent.append(event)
        self._people.append(event)

    def _next(self) -> int:
        self.seq += 1
        return self.seq
