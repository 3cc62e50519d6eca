"""People as RViz markers: a stick figure, a line of text above the head, an arrow where they point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.online.state import PersonState, StreamState
from usdrl_model.skeleton.topology import PARENTS
from usdrl_ros.outputs.pointing import arrows
from usdrl_ros.outputs.state_json import main_action

LIFETIME = Duration(nanosec=700_000_000)
"""After it, viewers remove the figures; longer than the usual interval between inferences."""
TEXT_ABOVE_HEAD = 0.25
"""Metres."""

COLOURS = {
    "none": ColorRGBA(r=0.65, g=0.65, b=0.65, a=0.9),
    "candidate": ColorRGBA(r=1.0, g=0.75, b=0.0, a=0.9),
    "active": ColorRGBA(r=0.1, g=0.9, b=0.2, a=1.0),
}


def markers(state: StreamState, header: Header, to_published: Callable[[Any], np.ndarray]) -> MarkerArray:
    """Two markers per person, namespaces ``skeleton`` and ``action``, with the index in the state as id; and arrows."""
    array = MarkerArray()
    for index, person in enumerate(state.people):
        array.markers += _figure(person, index, header, to_published) + _text(
            person, index, header, to_published, state.stamp
        )
    for arrow in arrows(state, header, to_published):
        arrow.lifetime = LIFETIME
        array.markers.append(arrow)
    return array


def _figure(person: PersonState, index: int, header: Header, to_published: Callable) -> list[Marker]:
    joints = np.asarray(person.joints, dtype=np.float64)
    ends = [joint for joint, parent in enumerate(PARENTS) if np.isfinite(joints[[joint, parent]]).all()]
    bones = [end for joint in ends if PARENTS[joint] != joint for end in (joint, PARENTS[joint])]
    if not bones:
        return []
    marker = _marker("skeleton", index, header, Marker.LINE_LIST, _colour(person))
    marker.scale.x = 0.03
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in to_published(joints[bones]).tolist()]
    return [marker]


def _text(person: PersonState, index: int, header: Header, to_published: Callable, now: float) -> list[Marker]:
    if not np.isfinite(person.position).all():
        return []
    marker = _marker("action", index, header, Marker.TEXT_VIEW_FACING, _colour(person))
    marker.scale.z = 0.15
    above = np.add(person.position, (0.0, TEXT_ABOVE_HEAD, 0.0))  # y is up in canonical axes
    marker.pose.position.x, marker.pose.position.y, marker.pose.position.z = to_published(above).tolist()
    action = main_action(person)
    doing = f"{action.label} {action.score:.2f} {max(0.0, now - action.onset):.1f} s" if action else ""
    marker.text = f"{person.id}: {doing}" if doing else person.id
    return [marker]


def _marker(namespace: str, index: int, header: Header, kind: int, colour: ColorRGBA) -> Marker:
    marker = Marker(header=header, ns=namespace, id=index, type=kind, action=Marker.ADD, color=colour)
    marker.lifetime = LIFETIME
    marker.pose.orientation.w = 1.0
    return marker


def _colour(person: PersonState) -> ColorRGBA:
    action = main_action(person)
    return COLOURS["none" if action is None else "active" if action.active else "candidate"]
