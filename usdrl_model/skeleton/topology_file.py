"""A joint set of one's own: a YAML file of the schema of an entry of ``topologies.yaml``, checked before it is used.

::

    joints: [hips, chest, neck, head, shoulder_left, ...]   # the tracker's own order
    map:                                                    # canonical joint -> {joint of the tracker: weight}
      spine_base: {hips: 1}
      spine_mid: {hips: 0.5, chest: 0.5}                    # weights of a row add up to 1
      ...                                                   # joints of the same name need no row
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown
from usdrl_model.files import limits
from usdrl_model.files.documents import parse_yaml
from usdrl_model.files.suffix import suffix

SUFFIXES = (".yaml", ".yml")
LARGEST = 2**16
"""Bytes of a file; the largest of the table needs 2 kB."""
MOST_JOINTS = 256
LONGEST_NAME = 64
"""Characters of a joint's name."""
LARGEST_WEIGHT = 10.0
"""Largest weight in the map, either sign."""
_SIDE = re.compile("left|right|Left|Right|(?<![A-Za-z])[lrLR](?![A-Za-z])")
"""As ``Topology.order`` reads names."""


def is_file(name: str) -> bool:
    """Whether the name of a topology is the path of a file."""
    return suffix(name) in SUFFIXES


def read(path: Path, canonical: Iterable[str]) -> tuple[tuple[str, ...], dict[str, dict[str, float]]]:
    """Read a file: the tracker's joints, and a row of weights for every canonical joint without one of the same name.

    Args:
        path: of the file; it may hold the entry itself, or one entry under its name.
        canonical: names of the canonical joints.

    Raises:
        ValueError: the file is missing or wrong; the message says where.
    """
    try:
        content = parse_yaml(limits.read(path, LARGEST).decode("utf-8"))
    except OSError as error:
        raise ValueError(
            f"topology {path}: cannot be read ({error.strerror or type(error).__name__}): expected a YAML file with"
            " joints and map"
        ) from error
    except ValueError as error:
        raise ValueError(f"topology {path}: not YAML: {' '.join(str(error).split())[:200]}") from None
    try:
        return _entry(content, tuple(canonical))
    except ValueError as error:
        raise ValueError(f"topology {path}: {error}") from None


def _entry(content: Any, canonical: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, dict[str, float]]]:
    if isinstance(content, Mapping) and len(content) == 1 and not content.keys() & {"joints", "map"}:
        (content,) = content.values()
    if not isinstance(content, Mapping):
        raise ValueError(f"expected a mapping with joints and map, got {shown(content)}")
    if strange := [key for key in content if key not in ("joints", "map")]:
        raise ValueError(f"unknown key {shown(strange[0])}; known: joints, map")
    joints = _joints(content.get("joints"))
    rows = content.get("map", {})
    if not isinstance(rows, Mapping):
        raise ValueError(f"map: expected canonical joint: {{joint: weight}}, got {shown(rows)}")
    table = {_known(row, canonical, "map"): _row(row, sources, joints) for row, sources in rows.items()}
    if lacking := [joint for joint in canonical if joint not in table and joint not in joints]:
        raise ValueError(
            f"map: lacks {', '.join(lacking)}: give each a row, or list a joint of that name that never comes"
        )
    _check_sides({joint: table.get(joint, {joint: 1.0}) for joint in canonical})
    return joints, table


def _check_sides(table: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse rows of one side that are made of the other one's joints alone; all of them may be, of a mirrored tracker.

    Whose joints have no left and right in their names cannot be judged.
    """
    made = {row: {_side(name) for name in sources} for row, sources in table.items() if _side(row)}
    crossed = [row for row, sides in made.items() if len(sides) == 1 and sides <= {"l", "r"} - {_side(row)}]
    if crossed and any(_side(row) in sides for row, sides in made.items()):
        row = crossed[0]
        raise ValueError(f"map.{row}: expected joints of the same side, got {', '.join(table[row])}")


def _side(name: str) -> str | None:
    """The side that a name says, l or r; None: none, or both."""
    found = {word[0].lower() for word in _SIDE.findall(name)}
    return found.pop() if len(found) == 1 else None


def _joints(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"joints: expected a list of names, got {shown(value)}")
    if wrong := [name for name in value if not 0 < len(name) <= LONGEST_NAME]:
        raise ValueError(f"joints: expected names of 1 to {LONGEST_NAME} characters, got {shown(wrong[0])}")
    if not 0 < len(value) <= MOST_JOINTS:
        raise ValueError(f"joints: expected 1 to {MOST_JOINTS} names, got {len(value)}")
    if twice := [name for name in dict.fromkeys(value) if value.count(name) > 1]:
        raise ValueError(f"joints: expected every name once, got {shown(twice[0])} twice")
    return tuple(value)


def _row(row: str, sources: Any, joints: tuple[str, ...]) -> dict[str, float]:
    where = f"map.{row}"
    if not isinstance(sources, Mapping) or not sources:
        raise ValueError(f"{where}: expected {{joint: weight}}, got {shown(sources)}")
    weights = {_known(name, joints, where): weight for name, weight in sources.items()}
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not abs(weight) <= LARGEST_WEIGHT:
            raise ValueError(
                f"{where}.{name}: expected a weight of at most {LARGEST_WEIGHT:g} either way, got {shown(weight)}"
            )
    if not math.isclose(total := math.fsum(weights.values()), 1.0, abs_tol=1e-6):
        raise ValueError(f"{where}: expected weights that add up to 1, got {total:g}")
    return {name: float(weight) for name, weight in weights.items()}


def _known(name: Any, known: tuple[str, ...], where: str) -> str:
    if not isinstance(name, str) or name not in known:
        meant = hint(name, known, f"; known: {', '.join(known)}")
        raise ValueError(f"{where}: unknown joint {shown(name)}{meant}")
    return name
