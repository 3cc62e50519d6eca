"""Joint sets of the trackers (topologies) and their maps onto the 25 canonical joints.

The canonical skeleton is the Kinect v2 / NTU RGB+D order, because the published USDRL checkpoints use it. A topology is
a named list of joints and an affine map: every canonical joint is a weighted sum of source joints whose weights add up
to 1, so the map commutes with every rotation and translation of the sensor. The table is ``topologies.yaml``.

    >>> topology("coco_17").joints[0]
    'nose'
    >>> topology("coco_17").matrix.shape
    (25, 17)
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

import numpy as np
import yaml

CANONICAL_JOINTS: tuple[str, ...] = (
    "spine_base", "spine_mid", "neck", "head",
    "shoulder_left", "elbow_left", "wrist_left", "hand_left",
    "shoulder_right", "elbow_right", "wrist_right", "hand_right",
    "hip_left", "knee_left", "ankle_left", "foot_left",
    "hip_right", "knee_right", "ankle_right", "foot_right",
    "spine_shoulder", "hand_tip_left", "thumb_left", "hand_tip_right", "thumb_right",
)  # fmt: skip

JOINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(CANONICAL_JOINTS)}

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

# A synthesised or copied joint counts half: it says less than a measured one.
SYNTHESISED_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """A tracker's joint set and its map onto the canonical joints."""

    name: str
    joints: tuple[str, ...]
    """Joint names in the tracker's order, V_source of them."""
    matrix: np.ndarray = field(repr=False)
    """(25, V_source) float64; rows add up to 1."""
    sources: np.ndarray = field(repr=False)
    """(25, S) source joints that each canonical joint is made of; where there are fewer, the first is repeated."""
    direct: np.ndarray = field(repr=False)
    """(25,) bool: measured one to one, neither synthesised from several joints nor copied from another."""

    def index(self, joint: str) -> int:
        """Position of ``joint`` in the tracker's order; ValueError if the topology has no such joint."""
        try:
            return self.joints.index(joint)
        except ValueError:
            raise ValueError(f"topology {self.name} has no joint {joint!r}; it has {', '.join(self.joints)}") from None


@lru_cache(maxsize=1)
def _table() -> dict[str, Topology]:
    text = resources.files("usdrl_model").joinpath("topologies.yaml").read_text(encoding="utf-8")
    return {name: _build(name, entry) for name, entry in yaml.safe_load(text).items()}


def _build(name: str, entry: dict) -> Topology:
    joints = tuple(entry["joints"])
    rows = {joint: {joint: 1.0} for joint in CANONICAL_JOINTS if joint in joints} | entry["map"]
    matrix = np.zeros((len(CANONICAL_JOINTS), len(joints)))
    direct = np.zeros(len(CANONICAL_JOINTS), dtype=bool)
    taken: set[str] = set()
    # A joint of the same name has the first claim to be "direct"; later ones that reuse it are copies.
    for canonical in sorted(CANONICAL_JOINTS, key=lambda joint: rows[joint] != {joint: 1.0}):
        sources = rows[canonical]
        for source, weight in sources.items():
            matrix[JOINT_INDEX[canonical], joints.index(source)] = weight
        (first, *others) = sources
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

    Raises:
        ValueError: unknown name; the message lists the nearest and all known ones.
    """
    try:
        return _table()[name]
    except KeyError:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown topology {name!r}{hint} Known: {', '.join(names())}") from None
