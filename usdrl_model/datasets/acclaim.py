"""ASF skeletons and AMC motions (Acclaim), the formats of the CMU motion capture database."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from usdrl_model.datasets.kinematics import chain, product

INCH = 0.0254
_ROOT = "root"


@dataclass(frozen=True, slots=True)
class Bone:
    """One bone; the joint of its name is at its far end."""

    name: str
    parent: str
    step: np.ndarray
    """(3,) along the bone, metres, in the axes of the world at rest."""
    axis: np.ndarray
    """(3, 3) axes in which its angles are given."""
    dof: tuple[str, ...]
    """Axes (x, y, z) of its angles in the motion file."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """An ASF file: bones, parents first, and what a length of 1 in the motion is in metres."""

    bones: tuple[Bone, ...]
    unit: float


def read_skeleton(text: str, where: str) -> Skeleton:
    """Parse an ASF file.

    Raises:
        ValueError: malformed; the message names the file and the bone.
    """
    sections = dict(re.findall(r"^:(\w+)[ \t]*\n?(.*?)(?=^:|\Z)", text.replace("\r", ""), re.M | re.S))
    try:
        unit = INCH / float(_words(sections["units"], "length")[0])
        described = [_fields(entry) for entry in re.findall(r"begin\s(.*?)\bend\b", sections["bonedata"], re.S)]
        lines = re.search(r"begin\s(.*?)\bend\b", sections["hierarchy"], re.S)
        tree = [line.split() for line in (lines[1].splitlines() if lines else []) if line.strip()]
        found = {fields["name"][0]: fields for fields in described}
        bones = [_bone(found[child], parent, unit) for parent, *children in tree for child in children]
    except (KeyError, ValueError, IndexError) as error:
        raise ValueError(f"{where}: malformed ASF file ({type(error).__name__} {error})") from None
    known = {_ROOT}
    for bone in bones:
        if bone.parent not in known:
            raise ValueError(f"{where}: bone {bone.name} comes before its parent {bone.parent}")
        known.add(bone.name)
    return Skeleton(tuple(bones), unit)


def read_motion(text: str, skeleton: Skeleton, where: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Place the joints of an AMC file.

    Returns:
        joint names (``root`` and the bones) and positions (T, J, 3) in metres.

    Raises:
        ValueError: truncated, or values that do not fit the skeleton; the message names the file.
    """
    words = [line for line in text.splitlines() if line.strip() and line.strip()[0] not in "#:"]
    expected = {_ROOT: 6} | {bone.name: len(bone.dof) for bone in skeleton.bones if bone.dof}
    size = 1 + len(expected)
    if not words or len(words) % size:
        raise ValueError(f"{where}: expected {size} lines a frame, got {len(words)} lines: get it again")
    order = [line.split()[0] for line in words[1:size]]
    if set(order) != set(expected):
        raise ValueError(f"{where}: expected values of {sorted(expected)}, got {sorted(order)}")
    angles = {}
    for place, name in enumerate(order, start=1):
        rows = [line.split() for line in words[place::size]]
        if any(row[0] != name or len(row) != 1 + expected[name] for row in rows):
            raise ValueError(f"{where}: expected '{name}' with {expected[name]} values as line {place} of every frame")
        try:
            angles[name] = np.array([row[1:] for row in rows], np.float64)
        except ValueError as error:
            raise ValueError(f"{where}: {name}: {error}") from None
    root = angles[_ROOT]
    names = [_ROOT, *(bone.name for bone in skeleton.bones)]
    steps: list[np.ndarray] = [root[:, :3] * skeleton.unit]
    turns = [_turn(("x", "y", "z"), root[:, 3:])]
    parents = [-1]
    for bone in skeleton.bones:
        values = angles.get(bone.name, np.zeros((len(root), 0)))
        turns.append(bone.axis @ _turn(bone.dof, values) @ bone.axis.T)
        steps.append(bone.step)
        parents.append(names.index(bone.parent))
    # The root's step is in the world's axes, those of the bones in their own.
    positions = chain(parents, [np.zeros(3), *steps[1:]], turns, turned_by_own=True)
    return tuple(names), positions + steps[0][:, None]


def _turn(axes: tuple[str, ...], degrees: np.ndarray) -> np.ndarray:
    """(T, 3, 3): x is applied first, so it stands last in the product."""
    return product(axes[::-1], degrees[:, ::-1])


def _bone(fields: dict[str, list[str]], parent: str, unit: float) -> Bone:
    direction = np.array([float(word) for word in fields["direction"]])
    angles = np.array([[float(word) for word in fields["axis"][:3]]])
    return Bone(
        name=fields["name"][0],
        parent=parent,
        step=direction * float(fields["length"][0]) * unit,
        axis=_turn(("x", "y", "z"), angles)[0],
        dof=tuple(word[1] for word in fields.get("dof", []) if word in ("rx", "ry", "rz")),
    )


def _fields(entry: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in (line.split() for line in entry.splitlines()) if words}


def _words(section: str, name: str) -> list[str]:
    return _fields(section)[name]
