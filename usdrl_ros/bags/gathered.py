"""The labelled bags that a command is given, one by one or in folders, and those of them that can be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from usdrl_model.errors.shown import LINE, MESSAGE, cut, reason
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labelled_bag import LabelledBag
from usdrl_ros.bags.labels import FILE_NAME
from usdrl_ros.bags.metadata import FILE_NAME as METADATA
from usdrl_ros.bags.replay import load_bag


def labelled_bags(paths: Sequence[str | Path]) -> list[Path]:
    """Bags, and all labelled bags below folders that are no bags themselves, each once, in the order of their names.

    Raises:
        BagError: a folder without a labelled bag.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        inside = [path]
        if path.is_dir() and not any((path / name).exists() for name in (FILE_NAME, METADATA)):
            inside = sorted(file.parent for file in path.rglob(FILE_NAME))
            if not inside:
                raise BagError(f"{path}: no bag, and no bag with a {FILE_NAME} below it")
        found.update({bag.resolve(): bag for bag in inside})
    check_names(list(found.values()))
    return list(found.values())


def check_names(bags: Sequence[Path]) -> None:
    """Refuse two bags of one name, by which results are kept; BagError."""
    first: dict[str, Path] = {}
    for bag in bags:
        name = bag.resolve().name
        if name in first:
            raise BagError(f"bags need different names, got {first[name]} and {bag}")
        first[name] = bag


def usable(paths: Sequence[Path]) -> tuple[list[LabelledBag], dict[str, str]]:
    """Read labelled bags.

    Args:
        paths: of bags of different names.

    Returns:
        the bags that can be scored, at least one, and name -> why of the others.

    Raises:
        BagError: none can.
    """
    bags: list[LabelledBag] = []
    left_out: dict[str, str] = {}
    for path in paths:
        try:
            bag = load_bag(path)
            bag.check_labels()
        except (ValueError, OSError) as error:
            left_out[path.resolve().name] = cut(reason(error), LINE)
        else:
            bags.append(bag)
    if not bags:
        many = f"none of {len(paths)} bags can be used: " if len(paths) > 1 else ""
        raise BagError(cut(many + "; ".join(left_out.values()), MESSAGE))
    return bags, left_out
