"""ROS4HRI: gestures (``hri_msgs/Gesture``, a topic a body) and intents (``hri_actions_msgs/Intent``), by a rule table.

One message when an action or state begins: neither type can say that it goes on or ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from std_msgs.msg import Header

from usdrl_model.errors.nearest import hint
from usdrl_model.online.state import StreamState
from usdrl_ros.messages.types import message_class
from usdrl_ros.outputs.hri_rules import PERSON, Rule
from usdrl_ros.outputs.publishers import topic_token
from usdrl_ros.outputs.result import Result

Create = Callable[[Any, str], Any]
"""(message type, topic) -> its publisher."""
INTENTS = "intents"


@dataclass(frozen=True, slots=True)
class Begun:
    """An action or a state that has just begun."""

    person: str
    label: str
    score: float


class Hri:
    """The publishers of gestures and intents; called by one thread at a time.

    Args:
        rules: label or state -> rule.
        create: makes a publisher.
        destroy: ends one.

    Raises:
        ValueError: a package that the rules need is not installed, or its messages lack a constant of a rule.
    """

    def __init__(self, rules: Mapping[str, Rule], create: Create, destroy: Callable[[Any], object]) -> None:
        self._rules = rules
        self._create, self._destroy = create, destroy
        self._gesture: Any = _message("hri_msgs", "Gesture") if any(rule.gesture for rule in rules.values()) else None
        self._intent: Any = (
            _message("hri_actions_msgs", "Intent") if any(rule.intent for rule in rules.values()) else None
        )
        self._gestures = {
            label: _constant(self._gesture, rule.gesture) for label, rule in rules.items() if rule.gesture
        }
        self._names = {label: _intent(self._intent, rule.intent) for label, rule in rules.items() if rule.intent}
        self._intents = create(self._intent, INTENTS) if self._intent else None
        self._bodies: dict[str, Any] = {}
        self._held: dict[tuple[str, str], float] = {}
        """Person and state -> since when they were in it last, until they leave: who is hidden for a moment goes on."""

    def publish(self, result: Result, header: Header) -> None:
        """Publish what has begun with ``result``."""
        people = {person.id for person in result.state.people}
        if self._gesture is not None:
            self._expect(people)
        for begun in self._begun(result):
            if begun.label in self._gestures and begun.person in self._bodies:
                self._bodies[begun.person].publish(self._gesture(header=header, gesture=self._gestures[begun.label]))
                people.add(begun.person)  # what is not yet sent would be lost with its publisher
            if begun.label in self._names and self._intents is not None:
                self._intents.publish(self._said(begun))
        self._leave(people)

    def heartbeat(self, header: Header) -> None:
        """What has begun is told once."""

    def destroy(self) -> None:
        """Destroy all publishers."""
        self._leave(set())
        if self._intents is not None:
            self._destroy(self._intents)

    def _expect(self, people: set[str]) -> None:
        """A topic for everybody from the first moment on, so that subscribers have found it when a gesture begins."""
        for person in sorted(people - self._bodies.keys()):
            self._bodies[person] = self._create(self._gesture, body_topic(person))

    def _leave(self, people: set[str]) -> None:
        """End the topics of all others."""
        for gone in self._bodies.keys() - people:
            self._destroy(self._bodies.pop(gone))

    def _begun(self, result: Result) -> list[Begun]:
        begun = [Begun(event.person, event.label, event.score) for event in result.events if event.kind == "onset"]
        left = {event.person for event in result.events if event.kind == "left"}
        self._held = {key: since for key, since in self._held.items() if key[0] not in left}
        for key, since in sorted(_held(result.state).items()):
            if self._held.get(key) != since:
                begun.append(Begun(*key, 1.0))
            self._held[key] = since
        return [one for one in begun if one.label in self._rules]

    def _said(self, begun: Begun) -> Any:
        rule, kind = self._rules[begun.label], self._intent
        # The field was called "action" before version 0.4 of the package.
        name = "intent" if "intent" in kind.get_fields_and_field_types() else "action"
        return kind(
            data=json.dumps({role: text.replace(PERSON, begun.person) for role, text in rule.data.items()}),
            source=begun.person,
            modality=kind.MODALITY_MOTION,
            priority=rule.priority,
            confidence=float(begun.score),
            **{name: self._names[begun.label]},
        )


def body_topic(person: str) -> str:
    """REP-155's topic of a body's gestures, below the node's namespace."""
    return f"humans/bodies/{topic_token(person)}/gesture"


def _held(state: StreamState) -> dict[tuple[str, str], float]:
    """Person and state -> since when they are in it."""
    return {(person.id, held.name): held.since for person in state.people for held in person.states.active}


def _message(package: str, kind: str) -> Any:
    try:
        return message_class(f"{package}/msg/{kind}")
    except ValueError as error:
        raise ValueError(
            f"hri_rules: needs {package}: apt install ros-$ROS_DISTRO-{package.replace('_', '-')} (not in Kilted), or"
            " build it from source, or leave hri_rules empty"
        ) from error


def _constants(kind: Any) -> list[str]:
    return sorted(name for name in dir(type(kind)) + dir(kind) if name.isupper() and not name.startswith("_"))


def _constant(kind: Any, name: str) -> Any:
    known = _constants(kind)
    if name not in known:
        raise ValueError(
            f"hri_rules: {kind.__name__}: this version has no {name!r}{hint(name, known)} Known: {', '.join(known)}"
        )
    return getattr(kind, name)


def _intent(kind: Any, name: str) -> str:
    """Capitals are a constant of the message, anything else an intent of the user's own."""
    return str(_constant(kind, name) if name.isupper() else name)
