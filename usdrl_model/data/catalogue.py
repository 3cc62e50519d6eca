"""The data sets by name, and the importer of each.

>>> info("utd_mhad").title
'UTD-MHAD'
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from usdrl_model.data.importers.files import DatasetInfo
from usdrl_model.errors.nearest import hint, nearest
from usdrl_model.errors.shown import shown
from usdrl_model.terms import UNKNOWN, Terms

if TYPE_CHECKING:
    from usdrl_model.skeleton.recording import Recording  # "usdrl --help" must not wait for numpy

SETS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "utkinect": ("utkinect", {}),
    "utd_mhad": ("utd_mhad", {}),
    "msraction3d": ("msraction3d", {}),
    "sbu": ("sbu", {}),
    "msrc12": ("msrc12", {}),
    "ntu60": ("ntu", {"actions": 60}),
    "ntu120": ("ntu", {"actions": 120}),
    "pku_mmd_1": ("pku_mmd", {"phase": 1}),
    "pku_mmd_2": ("pku_mmd", {"phase": 2}),
    "ntu60_2d": ("ntu_2d", {"actions": 60}),
    "ntu120_2d": ("ntu_2d", {"actions": 120}),
    "uav_human": ("uav_human", {}),
    "nw_ucla": ("nw_ucla", {}),
    "nuisi": ("nuisi", {}),
    "jhmdb2d": ("jhmdb2d", {}),
    "bandai_namco": ("bandai_namco", {}),
    "lafan1": ("lafan1", {}),
    "cmu_mocap": ("cmu_mocap", {}),
    "own": ("own", {}),
}
"""Name -> module of ``importers``, and arguments for its ``load``."""


SAME_PEOPLE: tuple[frozenset[str], ...] = (frozenset({"ntu60", "ntu120", "ntu60_2d", "ntu120_2d"}),)
"""Sets that show the same people, under the same names, partly in the same recordings."""
OWN = "own"
"""Default name of a set of one's own recordings."""
PERFORMER = "performer"
"""Stands for simulated people, which need no files."""
SIMULATED = Terms("free", "simulated people of this package")
SLIP = 0.75
"""Similarity to a known name from which on an unknown name counts as a typing error."""


def kind(name: str) -> str:
    """The entry of ``SETS`` for a set of a store: its name, or "own" for any other name.

    Raises:
        ValueError: the name is that of simulated people, or unknown, but so similar to a known one that it is probably
            a typing error.
    """
    if name in SETS:
        return name
    if name == PERFORMER:
        raise ValueError(f"{PERFORMER} is the name of simulated people: choose another name")
    if nearest(name, set(SETS) - {OWN}, SLIP):
        raise _unknown(name)
    return OWN


def load(name: str, path: str | Path) -> Iterator[Recording]:
    """Read the official files of set ``name`` below ``path``, one recording at a time.

    Raises:
        ValueError: unknown set (the nearest is named), or malformed files, such as one without frames.
        FileNotFoundError: the files are not there; the message says which, where to get them and on what terms.
    """
    module, arguments = _module(name)
    for recording in module.load(Path(path), **arguments):
        if not recording.frames:
            raise ValueError(f"{path}: {recording.name} has no frames: an empty file? get it again, or take it out")
        yield recording


def info(name: str) -> DatasetInfo:
    """Where and on what terms to get set ``name``; errors as ``kind``."""
    found: DatasetInfo = _module(kind(name))[0].INFO
    return found


def terms(name: str, stated: Terms = UNKNOWN) -> Terms:
    """Terms of use of a set: those of the catalogue, whatever a file says of a set that is in it.

    Args:
        name: of the set, or ``PERFORMER``.
        stated: what the file of a store or of weights says; it counts for sets that only their owner knows.
    """
    if name == PERFORMER:
        return SIMULATED
    if name in SETS and name != OWN:
        return info(name).terms
    return info(OWN).terms if name == OWN and stated.kind == "unknown" else stated


def same_people(name: str) -> frozenset[str]:
    """The sets that show people of set ``name``: itself, and others under whose name they may have been learnt from."""
    return next((family for family in SAME_PEOPLE if name in family), frozenset({name}))


def _unknown(name: str) -> ValueError:
    return ValueError(f"unknown data set {shown(name)}{hint(name, SETS)} Known: {', '.join(SETS)}")


def _module(name: str) -> tuple[ModuleType, Mapping[str, Any]]:
    if name not in SETS:
        raise _unknown(name)
    module, arguments = SETS[name]
    return importlib.import_module(f"usdrl_model.data.importers.{module}"), arguments
