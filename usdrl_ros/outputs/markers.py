"""People as RViz markers: a stick figure, a line of text above the head, an arrow where they point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.online.state import PersonState, StreamState
from usdrl_model.plots.timeline import COLOURS
from usdrl_model.skeleton.topology import PARENTS
from usdrl_ros.outputs.pointing import arrows
from usdrl_ros.outputs.state_json import main_action

LIFETIME = Duration(nanosec=700_000_000)
"""After it, viewers remove the figures; longer than the usual interval between inferences."""
TEXT_ABOVE_HEAD = 0.25
"""Metres."""

NOTHING = ColorRGBA(r=0.65, g=0.65, b=0.65, a=0.9)
"""Of somebody who does nothing."""
CANDIDATE, ACTIVE = 0.4, 1.0
"""Opacity of an action that may be one, and of one that is."""


def markers(state: StreamState, header: Header, to_published: Callable[[Any], np.ndarray]) -> MarkerArray:
    """Two markers per person, namespaces ``skeleton`` and ``action``, with the index in the state as id; and arrows.

    None of joints in a picture.
    """
    array = MarkerArray()
    if state.flat:  # nobody knows where they are
        return array
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


def colour_of(label: str) -> ColorRGBA:
    """Colour of a label: the same in every run, whatever other labels there are."""
    hexadecimal = COLOURS[crc32(label.encode("utf-8", "replace")) % len(COLOURS)]
    red, green, blue = (int(hexadecimal[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return ColorRGBA(r=red, g=green, b=blue, a=ACTIVE)


def _colour(person: PersonState) -> ColorRGBA:
    action = main_action(person)
    if action is None:
        return NOTHING
    colour = colour_of(action.label)
    colour.a = ACTIVE if action.active else CANDIDATE
    return colour
