"""The JSON of ``actions/state`` and ``actions/events``: schema ``usdrl.actions/2``.

An ament_python package cannot define messages, so these outputs are JSON in a ``std_msgs/String``. The contract is
``schema/actions_2.schema.json``, explained in docs/state.md. The ``watch/<label>`` topics need no parser.

    >>> state = StreamState(stamp=12.5, seq=0, people=(), events=())
    >>> text = encode_state(
    ...     state,
    ...     frame_id="camera",
    ...     to_published=lambda position: position,
    ...     model=ModelInfo(weights="default", hash="0123", device="cpu", precision="fp32", runtime="torch"),
    ...     latency_ms=12.0,
    ...     heartbeat=Heartbeat(stamp=12.51, period=0.5),
    ... )
    >>> json.loads(text)["heartbeat"]
    {'stamp': 12.51, 'period': 0.5}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np

from usdrl_model.events.onset_offset import Event
from usdrl_model.events.people import PersonEvent
from usdrl_model.files.documents import finite
from usdrl_model.online.state import ActionState, PersonState, StreamState
from usdrl_model.states.person import HeldState
from usdrl_model.states.pointing import Ray
from usdrl_ros.wire import STAMP_DIGITS

SCHEMA = "usdrl.actions/2"
"""Value of ``schema`` in every state; the number rises when a field changes its meaning or is removed."""

WITHHELD = "joints are in a picture, without depth: position, distance, bearing, pairs and most states are not known"
"""``withheld`` of a state."""

ToPublished = Callable[[Any], np.ndarray]
"""Canonical positions (..., 3) -> the same in the published frame, metres."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """The model that runs."""

    weights: str
    hash: str
    device: str
    precision: str
    runtime: str
    """What runs it, such as torch or ONNX Runtime, and how."""
    beside: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """``pair_weights`` and ``gesture_weights``, where they run: their names and hashes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heartbeat:
    """A sign of life: without the next one in time, the state is stale."""

    stamp: float
    """Time of publication by the system clock, seconds, also with simulated time."""
    period: float
    """Seconds until the next state at the latest."""


def schema() -> dict:
    """The JSON schema (draft 2020-12) of a state; an event is its ``$defs/event``."""
    text = resources.files("usdrl_ros").joinpath("outputs/schema/actions_2.schema.json").read_text(encoding="utf-8")
    return json.loads(text)


def main_action(person: PersonState) -> ActionState | None:
    """The active action with the highest score, else the candidate with the highest score, else None."""
    return next((action for action in person.actions if action.active), next(iter(person.actions), None))


def encode_state(
    state: StreamState,
    *,
    frame_id: str,
    to_published: ToPublished,
    model: ModelInfo,
    latency_ms: float | None,
    heartbeat: Heartbeat,
) -> str:
    """JSON text of a state.

    Args:
        state: snapshot of the stream.
        frame_id: the frame in which positions are published; empty before the first message.
        to_published: canonical position -> position in ``frame_id``, metres.
        model: the model that runs.
        latency_ms: milliseconds from the newest stamp to publication; None if the clocks differ.
        heartbeat: time of publication, and of the next state.
    """
    return _dumps(
        {
            "schema": SCHEMA,
            "seq": state.seq,
            "stamp": _time(state.stamp),
            "frame_id": frame_id,
            "model": {
                "weights": model.weights,
                "hash": model.hash,
                "device": model.device,
                "precision": model.precision,
                "runtime": model.runtime,
                **{use: {"weights": name, "hash": hash_} for use, (name, hash_) in model.beside.items()},
            },
            "latency_ms": None if latency_ms is None else _number(latency_ms, 2),
            "heartbeat": {"stamp": _time(heartbeat.stamp), "period": _number(heartbeat.period, 3)},
            **({"withheld": WITHHELD} if state.flat else {}),
            "people": [_person(person, state.stamp, to_published) for person in state.people],
            "events": [_event(event) for event in state.events],
        }
    )


def encode_event(event: Event | PersonEvent) -> str:
    """JSON text of one event, equal to its entry in the ``events`` of a state."""
    return _dumps(_event(event))


def _person(person: PersonState, now: float, to_published: ToPublished) -> dict:
    main = main_action(person)
    position = _point(person.position, to_published)
    return {
        "id": person.id,
        "position": None if None in position else position,
        "distance": _number(person.distance, 3),
        "bearing": _number(person.bearing, 1),
        "label": main.label if main else None,
        "state": _state_name(main),
        "score": _number(main.score, 4) if main else None,
        "onset": _time(main.onset) if main else None,
        "since": _since(main, now) if main else None,
        "actions": [
            {
                "label": action.label,
                "state": _state_name(action),
                "score": _number(action.score, 4),
                "onset": _time(action.onset),
                "since": _since(action, now),
            }
            for action in person.actions
        ],
        "top5": [{"label": label, "score": _number(score, 4)} for label, score in person.top[:5]],
        "valid_joints": _number(person.valid_joints, 3),
        "states": {
            "active": [_held(state, now, to_published) for state in person.states.active],
            "unknown": list(person.states.unknown),
        },
        "withheld": list(person.withheld),
    }


def _held(state: HeldState, now: float, to_published: ToPublished) -> dict:
    held = {"label": state.name, "onset": _time(state.since), "since": _number(max(0.0, now - state.since), 3)}
    if state.ray is None:
        return held
    origin, hit = _point(state.ray.origin, to_published), state.ray.hit
    direction = published_direction(state.ray, to_published)
    return held | {
        "ray": {
            "origin": origin,
            "direction": [_number(value, 4) for value in direction],
            "hit": None if hit is None else _point(hit, to_published),
        }
    }


def published_direction(ray: Ray, to_published: ToPublished) -> np.ndarray:
    """(3,) direction of a ray in the published frame, length 1."""
    direction: np.ndarray = np.subtract(to_published(np.add(ray.origin, ray.direction)), to_published(ray.origin))
    return direction


def _point(place: Iterable[float], to_published: ToPublished) -> list[float | None]:
    return [_number(value, 3) for value in to_published(place)]


def _event(event: Event | PersonEvent) -> dict:
    if isinstance(event, PersonEvent):
        # The same keys as of an action, so that readers who look for a label need not look at the kind first.
        return {
            "seq": event.seq,
            "kind": event.kind,
            "person": event.person,
            "label": None,
            "onset": _time(event.came),
            "offset": None if event.went is None else _time(event.went),
            "score": None,
            "stamp": _time(event.stamp),
            **({} if event.reason is None else {"reason": event.reason}),
        }
    return {
        "seq": event.seq,
        "kind": event.kind,
        "person": event.person,
        "label": event.label,
        "onset": _time(event.onset),
        "offset": None if event.offset is None else _time(event.offset),
        "score": _number(event.score, 4),
        "stamp": _time(event.stamp),
    }


def _state_name(action: ActionState | None) -> str:
    if action is None:
        return "none"
    return "active" if action.active else "candidate"


def _since(action: ActionState, now: float) -> float | None:
    return _number(max(0.0, now - action.onset), 3)


def _time(seconds: float) -> float | None:
    return _number(seconds, STAMP_DIGITS)


def _number(value: float, digits: int) -> float | None:
    number: float | None = finite(round(float(value), digits))
    return number


def _dumps(value: dict) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
