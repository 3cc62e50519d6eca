"""visualization_msgs/MarkerArray as the Azure Kinect driver publishes it: ``marker.id = body * 100 + joint``.

A joint is a marker with one position: arrow, cube, sphere, cylinder or mesh. Texts, lines and lists of points are
ignored, and so is a namespace whose ids are not joint numbers. Where several namespaces have all joints of one body,
with ids from 0, each is a person, by its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.topology import Topology
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import MAX_PEOPLE, InputError, SourceFrame, check_people, source_frame

JOINTS_PER_BODY = 100
"""Marker ids of one body: body * 100 to body * 100 + 99."""
_JOINTS = (Marker.ARROW, Marker.CUBE, Marker.SPHERE, Marker.CYLINDER, Marker.MESH_RESOURCE)
_LISTS = (Marker.SPHERE_LIST, Marker.CUBE_LIST, Marker.POINTS)


class Markers:
    """Reads the messages of one source.

    Args:
        context: of the source.
    """

    def __init__(self, context: Context) -> None:
        self._by_space = False
        """Namespaces are people: several had all joints of body 0 at once, as only they can."""

    def __call__(self, message: MarkerArray, context: Context) -> SourceFrame | None:
        """The people of a marker array; a joint without a marker is missing.

        Args:
            message: one marker per joint. Markers deleted by later ones are left out; other deletions have no effect.
            context: bodies have ids, so its ``person_id`` is not used.

        Returns:
            None without joint markers: no people, and no stamp.

        Raises:
            InputError: ``mixed_frames``, ``mixed_namespaces``, ``joint_range``, ``duplicate_joint``,
                ``too_many_people``, ``zero_stamp``.
        """
        topology = context.topology
        spaces = _remaining(message.markers)
        V = len(topology.joints)
        self._by_space |= len(spaces) > 1 and all(_is_body(markers, V) for markers in spaces.values())
        markers = _skeleton(spaces, topology, self._by_space)
        if not markers:
            if any(marker.action == Marker.ADD and marker.type in _LISTS for marker in message.markers):
                context.warn(
                    "no_joints",
                    "markers that are lists of points are ignored, and there are no others: publish one marker per"
                    f" joint, with the id body * {JOINTS_PER_BODY} + joint",
                )
            return None
        frames = {marker.header.frame_id for marker in markers}
        if len(frames) > 1:
            raise InputError(
                "mixed_frames",
                f"expected all markers of a message in one frame, got {sorted(frames)}: publish one array per frame",
            )
        by_space = self._by_space and all(marker.id < JOINTS_PER_BODY for marker in markers)
        bodies: dict[Any, np.ndarray] = {}
        for marker in markers:
            number, joint = divmod(marker.id, JOINTS_PER_BODY)
            body = marker.ns if by_space else number
            if body not in bodies:
                check_people(len(bodies) + 1)
                bodies[body] = np.full((V, 3), np.nan)
            position = marker.pose.position
            bodies[body][joint] = position.x, position.y, position.z
        newest = max(markers, key=lambda marker: (marker.header.stamp.sec, marker.header.stamp.nanosec)).header
        return source_frame(newest, tuple(Person(str(body), joints) for body, joints in sorted(bodies.items())))


def _remaining(markers: Iterable[Marker]) -> dict[str, list[Marker]]:
    """Namespace -> joint markers that a viewer shows after this message."""
    shown: dict[tuple[str, int], list[Marker]] = {}
    for marker in markers:
        if marker.action == Marker.DELETEALL:
            shown.clear()
        elif marker.action == Marker.DELETE:
            shown.pop((marker.ns, marker.id), None)
        elif marker.action == Marker.ADD and marker.type in _JOINTS:
            shown.setdefault((marker.ns, marker.id), []).append(marker)
            if len(shown) > MAX_PEOPLE * JOINTS_PER_BODY:
                check_people(MAX_PEOPLE + 1)  # there are at least so many
    spaces: dict[str, list[Marker]] = {}
    for (space, _), same in shown.items():
        spaces.setdefault(space, []).extend(same)
    return spaces


def _is_body(markers: list[Marker], V: int) -> bool:
    """Whether the markers of a namespace are all joints of body 0."""
    return sorted(marker.id for marker in markers) == list(range(V))


def _skeleton(spaces: dict[str, list[Marker]], topology: Topology, by_space: bool) -> list[Marker]:
    """The markers of the one namespace whose ids are joint numbers, or of several namespaces with a body each.

    With ``by_space``, all of them may have body 0.
    """
    if not spaces:
        return []
    misfits = {space: _misfit(markers, topology) for space, markers in spaces.items()}
    largest = misfits[max(spaces, key=lambda space: len(spaces[space]))]
    if largest is not None:
        raise largest
    fitting = [space for space, misfit in misfits.items() if misfit is None]
    if len(fitting) == 1:
        return spaces[fitting[0]]
    bodies = [body for space in fitting for body in {marker.id // JOINTS_PER_BODY for marker in spaces[space]}]
    if by_space and len(fitting) == len(spaces) and set(bodies) == {0}:
        return [marker for markers in spaces.values() for marker in markers]
    if len(fitting) < len(spaces) or len(bodies) > len(set(bodies)):
        raise InputError(
            "mixed_namespaces",
            f"expected the joints in one namespace, or every body in one of its own, got joint numbers in"
            f" {sorted(fitting)}: publish other markers on another topic, or with ids that end in"
            f" {len(topology.joints)} to {JOINTS_PER_BODY - 1}; or, where they are people, all joints of each",
        )
    return [marker for markers in spaces.values() for marker in markers]


def _misfit(markers: list[Marker], topology: Topology) -> InputError | None:
    """The error if the ids of a namespace are not joint numbers, else None."""
    seen: set[int] = set()
    for marker in markers:
        body, joint = divmod(marker.id, JOINTS_PER_BODY)
        if body < 0 or joint >= len(topology.joints):
            if _run_on(markers, len(topology.joints)):
                return InputError(
                    "joint_range",
                    f"expected marker.id = body * {JOINTS_PER_BODY} + joint, got ids that run on to {len(markers) - 1}:"
                    f" leave a gap after the {len(topology.joints)} joints of a body, or give every body a namespace"
                    " with ids from 0",
                )
            return InputError(
                "joint_range",
                f"expected marker.id = body * {JOINTS_PER_BODY} + joint with joint 0 to {len(topology.joints) - 1} for"
                f" topology {topology.name}, got id {marker.id}: set the parameter topology to that of your tracker",
            )
        if marker.id in seen:
            return InputError(
                "duplicate_joint",
                f"expected every marker id once, got {marker.id} (body {body}, joint {joint}) twice: the bodies of one"
                " message need different ids",
            )
        seen.add(marker.id)
    return None


def _run_on(markers: list[Marker], V: int) -> bool:
    """Whether bodies of V joints are numbered on without a gap: body * V + joint."""
    count = len(markers)
    return count > V and count % V == 0 and _is_body(markers, count)


ADAPTER = Adapter(
    message="visualization_msgs/msg/MarkerArray",
    version=1,
    decode=Markers,
    text="Azure Kinect, Orbbec Femto: one marker per joint",
)
