"""Joint sets of the trackers (``topologies.yaml``) and their affine maps onto the 25 canonical joints.

The canonical skeleton is the Kinect v2 / NTU RGB+D order, because the published USDRL checkpoints use it. A topology is
a named list of joints and an affine map: every canonical joint is a weighted sum of source joints whose weights add up
to 1, so the map commutes with every rotation and translation of the sensor. The table is ``topologies.yaml``; a file of
one's own with the same schema is named by its path (``topology_file``).

    >>> topology("coco_17").joints[0]
    'nose'
    >>> topology("coco_17").matrix.shape
    (25, 17)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown
from usdrl_model.files.documents import parse_yaml
from usdrl_model.skeleton import topology_file

CANONICAL_JOINTS: tuple[str, ...] = (
    "spine_base", "spine_mid", "neck", "head",
    "shoulder_left", "elbow_left", "wrist_left", "hand_left",
    "shoulder_right", "elbow_right", "wrist_right", "hand_right",
    "hip_left", "knee_left", "ankle_left", "foot_left",
    "hip_right", "knee_right", "ankle_right", "foot_right",
    "spine_shoulder", "hand_tip_left", "thumb_left", "hand_tip_right", "thumb_right",
)  # fmt: skip

CANONICAL = "kinect_v2_25"
"""The topology whose joints are the canonical ones."""

JOINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(CANONICAL_JOINTS)}

MIRRORED: tuple[int, ...] = tuple(
    JOINT_INDEX[
        name.replace("left", "right") if "left" in name else name.replace("right", "left")
    ]
    for name in CANONICAL_JOINTS
)  # fmt: skip
"""Canonical joint -> the one on the other side."""

# Parent of every canonical joint, towards the root "spine_shoulder" (its own parent): the bones of the NTU papers.
PARENTS: tuple[int, ...] = tuple(
    JOINT_INDEX[name]
    for name in (
        "spine_mid", "spine_shoulder", "spine_shoulder", "neck",
        "spine_shoulder", "shoulder_left", "elbow_left", "wrist_left",
        "spine_shoulder", "shoulder_right", "elbow_right", "wrist_right",
        "spine_base", "hip_left", "knee_left", "ankle_left",
        "spine_base", "hip_right", "knee_right", "ankle_right",
        "spine_shoulder", "thumb_left", "hand_left", "thumb_right", "hand_right",
    )
)  # fmt: skip

# Factor for joints that are synthesised or copied instead of measured.
SYNTHESISED_CONFIDENCE = 0.5


SYNTHESISED_WEIGHT = 1e-3
"""Of canonical joints that a tracker does not measure one to one, in the fit of its joints to a body."""


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """A tracker's joint set and its map onto the canonical joints."""

    name: str
    """In the table, or the absolute path of a file."""
    joints: tuple[str, ...]
    """Joint names in the tracker's order, V_source of them."""
    matrix: np.ndarray = field(repr=False)
    """(25, V_source) float64; rows add up to 1."""
    sources: np.ndarray = field(repr=False)
    """(25, S) source joints that each canonical joint is made of; where there are fewer, the first is repeated."""
    direct: np.ndarray = field(repr=False)
    """(25,) bool: measured one to one, neither synthesised from several joints nor copied from another."""

    @property
    def fit(self) -> np.ndarray:
        """(V_source, 25): canonical joints -> the tracker's joints that fit them best.

        Joints that the tracker measures one to one decide; the others follow as the map allows.
        """
        weights = np.where(self.direct, 1.0, SYNTHESISED_WEIGHT)[:, None]
        inverse: np.ndarray = np.linalg.pinv(weights * self.matrix) * weights[:, 0]
        # Rows that add up to 1 move with the body, also of a joint that the map does not use: it lies in the middle.
        return inverse + (1.0 - inverse.sum(axis=1, keepdims=True)) / len(CANONICAL_JOINTS)

    def index(self, joint: str) -> int:
        """Position of ``joint`` in the tracker's order; ValueError if the topology has no such joint."""
        try:
            return self.joints.index(joint)
        except ValueError:
            raise ValueError(f"topology {self.name} has no joint {joint!r}; it has {', '.join(self.joints)}") from None

    def order(self, mirrored: bool) -> np.ndarray:
        """(V_source,) index of the tracker's joint for every joint of this topology.

        Args:
            mirrored: the tracker calls left what is the person's right, as a mirror would: every joint changes places
                with the one whose name has the other side. Coordinates stay as they are.

        Raises:
            ValueError: mirrored, and a joint of one side has none on the other, or no name has a side.
        """
        if not mirrored:
            return np.arange(len(self.joints))
        order = np.array([self._other_side(index) for index in range(len(self.joints))])
        if (order == np.arange(len(order))).all():
            raise ValueError(f"topology {self.name} cannot be mirrored: no joint is named left or right")
        return order

    def _other_side(self, index: int) -> int:
        joint = self.joints[index]
        for pattern in _SIDES:
            other = re.sub(pattern, lambda found: _OTHER[found[0]], joint)
            if other != joint and other in self.joints:
                return self.joints.index(other)
        if re.search(_SIDES[0], joint):
            raise ValueError(f"topology {self.name} cannot be mirrored: {joint!r} has no joint on the other side")
        return index


# How joint names tell the side: by a word, by a single letter, or by the first letter (CMU).
_SIDES = (r"left|right|Left|Right", r"(?<![A-Za-z])[lrLR](?![A-Za-z])", r"^[lr]")
_OTHER = {"left": "right", "Left": "Right", "l": "r", "L": "R"}
_OTHER |= {other: side for side, other in _OTHER.items()}


@lru_cache(maxsize=1)
def _table() -> dict[str, Topology]:
    text = resources.files("usdrl_model").joinpath("skeleton/topologies.yaml").read_text(encoding="utf-8")
    return {name: _build(name, tuple(entry["joints"]), entry["map"]) for name, entry in parse_yaml(text).items()}


def _build(name: str, joints: tuple[str, ...], table: Mapping[str, Mapping[str, float]]) -> Topology:
    rows = {joint: {joint: 1.0} for joint in CANONICAL_JOINTS if joint in joints} | dict(table)
    matrix = np.zeros((len(CANONICAL_JOINTS), len(joints)))
    direct = np.zeros(len(CANONICAL_JOINTS), dtype=bool)
    taken: set[str] = set()
    # A joint of the same name is "direct"; other canonical joints that reuse it are copies.
    for canonical in sorted(CANONICAL_JOINTS, key=lambda joint: rows[joint] != {joint: 1.0}):
        row = rows[canonical]
        for source, weight in row.items():
            matrix[JOINT_INDEX[canonical], joints.index(source)] = weight
        (first, *others) = row
        direct[JOINT_INDEX[canonical]] = not others and first not in taken
        taken.add(first) if not others else None
    columns = [np.flatnonzero(row) for row in matrix]
    widest = max(len(used) for used in columns)
    sources = np.stack([np.pad(used, (0, widest - len(used)), constant_values=used[0]) for used in columns])
    sources.setflags(write=False)
    matrix.setflags(write=False)
    direct.setflags(write=False)
    return Topology(name=name, joints=joints, matrix=matrix, sources=sources, direct=direct)


def names() -> tuple[str, ...]:
    """Names of all known topologies."""
    return tuple(_table())


def topology(name: str) -> Topology:
    """The topology called ``name``.

    Args:
        name: in the table, or the path of a file that ends in .yaml or .yml; see ``located``.

    Raises:
        ValueError: unknown name (the message lists the nearest and all known ones), or a file that is not as
            ``topology_file`` wants it.
    """
    if topology_file.is_file(name):
        path = located(name)
        return _build(path, *topology_file.read(Path(path), CANONICAL_JOINTS))
    try:
        return _table()[name]
    except KeyError:
        raise ValueError(
            f"unknown topology {shown(name)}{hint(name, names())} Known: {', '.join(names())}, or the path of a .yaml"
            " file"
        ) from None


def located(name: str, folder: str | Path = ".") -> str:
    """Resolve a relative path of a topology file to an absolute one; names of the table are returned unchanged.

    Args:
        name: in the table, or the path of a file; ``~`` is the user's home.
        folder: what a relative path is relative to: that of the file that names it, else the working directory.
    """
    return str((Path(folder) / Path(name).expanduser()).resolve()) if topology_file.is_file(name) else name
