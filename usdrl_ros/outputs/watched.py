"""Who does a watched action, in one stamped message: ``watch/<label>``, a ``sensor_msgs/PointCloud2``.

A point a person: id, position, score and onset stay together, several people stay apart, and a cloud without points
still says when nobody did it. Of the standard messages that every distribution has, no other does: a ``PoseArray`` has
no ids, an empty ``MarkerArray`` no stamp; ``vision_msgs`` is not always installed.

    >>> cloud = watched([], Header(frame_id="camera"), lambda position: position)
    >>> cloud.width, [field.name for field in cloud.fields]
    (0, ['x', 'y', 'z', 'score', 'onset', 'track_id'])
    >>> read(cloud)
    []
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from usdrl_model.online.state import PersonState, StreamState
from usdrl_ros.messages.point_cloud import create_cloud, points_as
from usdrl_ros.outputs.state_json import ToPublished

NUMBERS: tuple[tuple[str, int, int], ...] = (
    ("x", 0, PointField.FLOAT32),
    ("y", 4, PointField.FLOAT32),
    ("z", 8, PointField.FLOAT32),
    ("score", 12, PointField.FLOAT32),
    ("onset", 16, PointField.FLOAT64),
)
"""Name, offset and type; ``track_id`` follows, a text of bytes padded with zeros."""
ID_OFFSET = 24
ID_STEP = 8
"""Bytes by which ``track_id`` grows, so that every number stays aligned."""


@dataclass(frozen=True, slots=True)
class Doing:
    """A person and since when, and how surely, they do what is watched."""

    person: PersonState
    score: float
    onset: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A point of ``watch/<label>``."""

    id: str
    position: tuple[float, float, float] | None
    """Metres in the frame of the message; None where it is not known."""
    score: float
    onset: float
    """Stamp, seconds."""


def doing(state: StreamState, label: str) -> list[Doing]:
    """Those who do an action, highest score first, or who are in a state by geometry, the longest first (score 1)."""
    acting = [
        Doing(person, action.score, action.onset)
        for person in state.people
        for action in person.actions
        if action.active and action.label == label
    ]
    if acting:
        return sorted(acting, key=lambda one: -one.score)
    held = [Doing(person, 1.0, held.since) for person in state.people if (held := person.states.get(label))]
    return sorted(held, key=lambda one: one.onset)


def watched(people: Iterable[Doing], header: Header, to_published: ToPublished) -> PointCloud2:
    """The message of these people, in their order; unknown positions are NaN."""
    people = list(people)
    ids = [one.person.id.encode() for one in people]
    longest = max([1, *map(len, ids)])
    size = -(-longest // ID_STEP) * ID_STEP
    fields = [PointField(name=name, offset=offset, datatype=kind, count=1) for name, offset, kind in NUMBERS]
    fields.append(PointField(name="track_id", offset=ID_OFFSET, datatype=PointField.UINT8, count=size))
    rows = [
        (*to_published(one.person.position), one.score, one.onset, *id_.ljust(size, b"\0"))
        for one, id_ in zip(people, ids, strict=True)
    ]
    return create_cloud(header, fields, rows)


def read(cloud: PointCloud2) -> list[Watched]:
    """The people of a message of ``watch/<label>``, in its order.

    Raises:
        ValueError: another cloud.
    """
    known = {field.name: field for field in cloud.fields}
    if missing := [name for name in ("x", "y", "z", "score", "onset", "track_id") if name not in known]:
        raise ValueError(f"expected a message of watch/<label>, got fields {sorted(known)}: {missing} missing")
    text = known["track_id"]
    formats = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}
    if text.datatype != PointField.UINT8 or any(known[name].datatype not in formats for name, _, _ in NUMBERS):
        raise ValueError("expected a message of watch/<label>, got fields of other types")
    layout: Any = {
        "names": [*(name for name, _, _ in NUMBERS), "track_id"],
        "formats": [*(formats[known[name].datatype] for name, _, _ in NUMBERS), f"S{text.count}"],
        "offsets": [*(known[name].offset for name, _, _ in NUMBERS), text.offset],
        "itemsize": cloud.point_step,
    }
    found = []
    for point in points_as(cloud, np.dtype(layout)):
        place = tuple(float(point[axis]) for axis in "xyz")
        position = (place[0], place[1], place[2]) if np.isfinite(place).all() else None
        id_ = point["track_id"].decode(errors="replace")
        found.append(Watched(id_, position, float(point["score"]), float(point["onset"])))
    return found
