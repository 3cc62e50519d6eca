"""Where people point: a pose a ray, and an arrow for RViz."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from geometry_msgs.msg import Point, PoseStamped
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker

from usdrl_model.online.state import StreamState
from usdrl_model.states.pointing import Ray
from usdrl_ros.outputs.state_json import ToPublished, published_direction

ARROW = 2.0
"""Metres of an arrow that hits nothing."""
COLOUR = ColorRGBA(r=0.2, g=0.5, b=1.0, a=0.9)


def rays(state: StreamState) -> Iterator[Ray]:
    """The rays of all who point, in the order of the people in the state, left arms first."""
    return (held.ray for person in state.people for held in person.states.active if held.ray is not None)


def poses(state: StreamState, header: Header, to_published: ToPublished) -> list[PoseStamped]:
    """A pose a ray: at the hand, with its x axis along the ray."""
    found = []
    for ray in rays(state):
        pose = PoseStamped(header=header)
        pose.pose.position = _point(to_published(ray.origin))
        q = pose.pose.orientation
        q.w, q.x, q.y, q.z = _turn(published_direction(ray, to_published)).tolist()
        found.append(pose)
    return found


def arrows(state: StreamState, header: Header, to_published: ToPublished) -> list[Marker]:
    """An arrow a ray, from the hand to the hit or ``ARROW`` metres far; namespace ``pointing``."""
    found = []
    for index, ray in enumerate(rays(state)):
        end = np.add(ray.origin, ARROW * np.array(ray.direction)) if ray.hit is None else ray.hit
        marker = Marker(header=header, ns="pointing", id=index, type=Marker.ARROW, action=Marker.ADD, color=COLOUR)
        marker.pose.orientation.w = 1.0
        marker.scale.x, marker.scale.y, marker.scale.z = 0.02, 0.06, 0.1  # shaft, head, length of the head
        marker.points = [_point(to_published(ray.origin)), _point(to_published(end))]
        found.append(marker)
    return found


def _turn(direction: np.ndarray) -> np.ndarray:
    """(4,) w, x, y, z: the shortest turn of the x axis to a direction of length 1."""
    x, y, z = direction
    if x < -1.0 + 1e-9:
        return np.array([0.0, 0.0, 0.0, 1.0])
    turn = np.array([1.0 + x, 0.0, -z, y])
    unit: np.ndarray = turn / np.linalg.norm(turn)
    return unit


def _point(place: np.ndarray) -> Point:
    x, y, z = (float(value) for value in place)
    return Point(x=x, y=y, z=z)
