"""The data sets by name: which module reads which.

>>> source("utd_mhad").title
'UTD-MHAD'
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from usdrl_model.datasets.sources import Source
from usdrl_model.recording import Recording

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
"""Name -> module of this folder, and the arguments that its ``load`` gets."""


OWN = "own"
"""What recordings of one's own are called where nobody gives them another name."""


def kind(name: str) -> str:
    """Which of ``SETS`` a set of a store is: its name, or "own" for a name that one's own recordings were given.

    Raises:
        ValueError: unknown, but so near to a known name that it must be a slip.
    """
    if name in SETS:
        return name
    if near := difflib.get_close_matches(name, set(SETS) - {OWN}, n=1, cutoff=0.75):
        raise ValueError(f"unknown data set {name!r}; did you mean {near[0]!r}? Known: {', '.join(SETS)}")
    return OWN


def load(name: str, path: str | Path) -> Iterator[Recording]:
    """The recordings of the official files of set ``name`` below ``path``, one at a time.

    Raises:
        ValueError: unknown set (the nearest is named), or malformed files.
        FileNotFoundError: the files are not there; the message says which, where to get them and on what terms.
    """
    module, arguments = _module(name)
    yield from module.load(Path(path), **arguments)


def source(name: str) -> Source:
    """What a user needs to get set ``name``; errors as ``kind``."""
    found: Source = _module(kind(name))[0].SOURCE
    return found


def terms(name: str) -> str:
    """On which terms a set may be used; empty for sets of one's own, which nobody here knows."""
    return source(name).terms if name in SETS else ""


def _module(name: str) -> tuple[ModuleType, Mapping[str, Any]]:
    if name not in SETS:
        near = difflib.get_close_matches(name, SETS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown data set {name!r}{hint} Known: {', '.join(SETS)}")
    module, arguments = SETS[name]
    return importlib.import_module(f"usdrl_model.datasets.{module}"), arguments
