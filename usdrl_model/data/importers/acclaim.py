"""ASF skeletons and AMC motions (Acclaim), the formats of the CMU motion capture database."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from usdrl_model.data.importers.kinematics import chain, product
from usdrl_model.errors.shown import shown
from usdrl_model.files import limits
from usdrl_model.files.text_table import lines

INCH = 0.0254
_ROOT = "root"
MOST_BONES = 512


@dataclass(frozen=True, slots=True)
class Bone:
    """One bone; the joint of the same name is at its far end."""

    name: str
    parent: str
    step: np.ndarray
    """(3,) along the bone, metres, in the axes of the world at rest."""
    axis: np.ndarray
    """(3, 3) axes of its angles."""
    dof: tuple[str, ...]
    """Axes (x, y, z) of its angles in the motion file."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """An ASF file: bones, parents first, and the unit of length of the motion in metres."""

    bones: tuple[Bone, ...]
    unit: float
    turned: float
    """Unit of angles in degrees, if the motion file names none."""


def read_skeleton(text: str, where: str) -> Skeleton:
    """Parse an ASF file.

    Raises:
        ValueError: malformed; the message names the file and the bone.
    """
    limits.check(len(text), limits.TEXT, f"{where}: characters")
    sections = _sections(text)
    try:
        units = _fields(sections["units"])
        unit = _unit(float(units["length"][0]))
        turned = _degrees(units.get("angle", ["deg"])[0])
        described = [_fields(entry) for entry in _blocks(sections["bonedata"])]
        limits.check(len(described), MOST_BONES, "bones")
        tree = [line.split() for line in next(_blocks(sections["hierarchy"]), []) if line.strip()]
        found = {fields["name"][0]: fields for fields in described}
        bones = [_bone(found[child], parent, unit, turned) for parent, *children in tree for child in children]
        _check_root(_fields(sections.get("root", [])))
    except (KeyError, ValueError, IndexError) as error:
        raise ValueError(f"{where}: malformed ASF file ({type(error).__name__} {str(error)[:200]})") from None
    known = {_ROOT}
    for bone in bones:
        if bone.parent not in known:
            raise ValueError(f"{where}: bone {bone.name} comes before its parent {bone.parent}")
        known.add(bone.name)
    return Skeleton(tuple(bones), unit, turned)


def read_motion(text: str, skeleton: Skeleton, where: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Place the joints of an AMC file.

    Returns:
        joint names (``root`` and the bones) and positions (T, J, 3) in metres.

    Raises:
        ValueError: truncated, or values that do not fit the skeleton; the message names the file.
    """
    limits.check(len(text), limits.TEXT, f"{where}: characters")
    words, turned = [], skeleton.turned
    for line in lines(text, where):
        word = line.strip().upper()
        if word in (":RADIANS", ":DEGREES"):
            turned = _degrees(word[1:4])
        elif word and word[0] not in "#:":
            words.append(line)
    expected = {_ROOT: 6} | {bone.name: len(bone.dof) for bone in skeleton.bones if bone.dof}
    size = 1 + len(expected)
    if not words or len(words) % size:
        raise ValueError(f"{where}: expected {size} lines a frame, got {len(words)} lines: get it again")
    order = [line.split()[0] for line in words[1:size]]
    if set(order) != set(expected):
        wrong = sorted(set(order) ^ set(expected))
        raise ValueError(
            f"{where}: expected values of every bone of its skeleton, once; without or unknown: {shown(wrong)}"
        )
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
    limits.check(len(root), limits.FRAMES, f"{where}: frames")
    limits.check(3 * len(root) * (1 + len(skeleton.bones)), limits.NUMBERS, f"{where}: frames times coordinates")
    names = [_ROOT, *(bone.name for bone in skeleton.bones)]
    steps: list[np.ndarray] = [root[:, :3] * skeleton.unit]
    turns = [_turn(("x", "y", "z"), turned * root[:, 3:])]
    parents = [-1]
    for bone in skeleton.bones:
        values = angles.get(bone.name, np.zeros((len(root), 0)))
        turns.append(bone.axis @ _turn(bone.dof, turned * values) @ bone.axis.T)
        steps.append(bone.step)
        parents.append(names.index(bone.parent))
    # The offset of the root is in world axes, those of the bones are in their own.
    positions = chain(parents, [np.zeros(3), *steps[1:]], turns, turned_by_own=True)
    return tuple(names), positions + steps[0][:, None]


def _unit(length: float) -> float:
    """Metres of one unit of a file whose ``length`` is so many units an inch."""
    if not length > 0.0 or not 0.0 < INCH / length < math.inf:
        raise ValueError(f"units: expected a length above 0, got {length:g}")
    return INCH / length


def _turn(axes: tuple[str, ...], degrees: np.ndarray) -> np.ndarray:
    """(T, 3, 3): x is applied first, so it stands last in the product."""
    return product(axes[::-1], degrees[:, ::-1])


def _degrees(word: str) -> float:
    """Unit of angles in degrees."""
    kinds = {"deg": 1.0, "rad": float(np.degrees(1.0))}
    if word[:3].lower() not in kinds:
        raise ValueError(f"expected angles in deg or rad, got {shown(word)}")
    return kinds[word[:3].lower()]


def _bone(fields: dict[str, list[str]], parent: str, unit: float, turned: float) -> Bone:
    direction = np.array([float(word) for word in fields["direction"]])
    angles = np.array([[float(word) for word in fields["axis"][:3]]])
    dof = tuple(word.lower() for word in fields.get("dof", []))
    if direction.shape != (3,) or angles.shape != (1, 3):
        raise ValueError(f"bone {fields['name'][0]}: expected a direction and an axis of three numbers")
    step = direction * float(fields["length"][0]) * unit
    if not np.isfinite([*step, *angles[0]]).all():
        raise ValueError(f"bone {fields['name'][0]}: expected a finite direction, length and axis")
    if [word.upper() for word in fields["axis"][3:]] not in ([], ["XYZ"]):
        raise ValueError(f"bone {fields['name'][0]}: expected an axis in the order XYZ, got {shown(fields['axis'][3])}")
    if unknown := [word for word in dof if word not in ("rx", "ry", "rz")]:
        raise ValueError(f"bone {fields['name'][0]}: expected dof rx, ry or rz, got {shown(unknown[0])}")
    return Bone(
        name=fields["name"][0],
        parent=parent,
        step=step,
        axis=_turn(("x", "y", "z"), turned * angles)[0],
        dof=tuple(word[1] for word in dof),
    )


def _check_root(fields: dict[str, list[str]]) -> None:
    """Refuse a root whose values are in another order than that of the database."""
    for name, usual in (("order", ["TX", "TY", "TZ", "RX", "RY", "RZ"]), ("axis", ["XYZ"])):
        if name in fields and [word.upper() for word in fields[name]] != usual:
            raise ValueError(f"root: expected {name} {' '.join(usual)}, got {shown(' '.join(fields[name]))}")


def _sections(text: str) -> dict[str, list[str]]:
    """Lines below every ``:name``; the rest of the line with the name is the first."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith(":"):
            name, _, rest = line[1:].partition(" ")
            current = sections[name.strip().lower()] = [rest]
        else:
            current.append(line)
    return sections


def _blocks(section: list[str]) -> Iterator[list[str]]:
    """Lines between every ``begin`` and ``end``."""
    block: list[str] | None = None
    for line in section:
        word = line.strip().lower()
        if word == "begin":
            block = []
        elif word == "end" and block is not None:
            yield block
            block = None
        elif block is not None:
            block.append(line)


def _fields(entry: list[str]) -> dict[str, list[str]]:
    """First word of every line -> the others."""
    return {words[0].lower(): words[1:] for words in (line.split() for line in entry) if words}
