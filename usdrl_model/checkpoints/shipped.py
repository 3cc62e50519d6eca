"""The weights that come with the package: one registry of detectors and encoders, whose names go before paths.

>>> names("detector"), names("encoder")
(['free', 'free_streaming', 'hri', 'hri_2d', 'hri_streaming', 'pairs'], ['foundation', 'foundation_128', 'free_128'])
>>> find("foundation").provenance.sets
('utd_mhad', 'msraction3d', 'utkinect', 'msrc12', 'nuisi', 'bandai_namco', 'cmu_mocap', 'sbu', 'performer')
>>> hint("foundatoin", "encoder"), hint("foundatoin", "detector")
("; did you mean 'foundation'?", '')
>>> place("default", "detector").name, str(place("./hri", "detector"))
('hri_streaming', 'hri')
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import get_args

from usdrl_model.checkpoints import config_file
from usdrl_model.checkpoints.config_file import Kind
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.errors.nearest import nearest
from usdrl_model.files.suffix import suffix

_LOG = logging.getLogger(__name__)
DEFAULT_DETECTOR = "hri_streaming"
"""The detector that ``default`` stands for."""
GESTURE_DETECTOR = "hri"
"""The detector of windows by whose features enrolled gestures are told beside a streaming one."""
_PACKAGE = Path(str(resources.files("usdrl_model.checkpoints")))
_FOLDERS: dict[Kind, Path] = {"detector": _PACKAGE / "detectors", "encoder": _PACKAGE / "encoders"}
_SUFFIXES: dict[str, Kind] = {".onnx": "detector", ".safetensors": "encoder", ".pth": "encoder", ".tar": "encoder"}
"""Kinds of single files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipped:
    """One entry of the registry."""

    name: str
    kind: Kind
    folder: Path
    """With ``config.json``, ``model.safetensors`` and a model card, ``README.md``."""

    @property
    def provenance(self) -> Provenance:
        """Data sets, terms, command and code; read from the folder. ValueError or OSError where it is damaged."""
        return config_file.provenance(self.folder)


def registry(kind: Kind | None = None) -> list[Shipped]:
    """All weights that come with the package, or those of one kind: detectors first, then by name."""
    return [
        Shipped(name=file.parent.name, kind=one, folder=file.parent)
        for one in get_args(Kind)
        if kind in (None, one)
        for file in sorted(_FOLDERS[one].glob(f"*/{config_file.NAME}"))
    ]


def names(kind: Kind) -> list[str]:
    """Names of the weights of one kind."""
    return [one.name for one in registry(kind)]


def find(name: str) -> Shipped | None:
    """The entry of this name; None where there is none."""
    return next((one for one in registry() if one.name == name), None)


def place(source: str | Path, kind: Kind) -> Path:
    """Where weights lie, or would: those in the package that have this name, else the path.

    A name means the same weights wherever a program was started: ``./hri`` is a folder of one's own, and so is any
    ``Path``. A warning says where such a folder is passed over.

    Args:
        source: "default" (of detectors) or a name in the registry, as text; or a path.
        kind: that is wanted.

    Raises:
        FileNotFoundError: shipped weights of the other kind have this name.
    """
    if isinstance(source, Path):
        return source
    name = source
    entry = find(DEFAULT_DETECTOR if (name, kind) == ("default", "detector") else name)
    if entry is None:
        return Path(source)
    if entry.kind != kind:
        raise FileNotFoundError(f"{name!r} is the name of a shipped {entry.kind}, expected a {kind}")
    if config_file.kind_of(Path(source)):
        _LOG.warning("%s: taken from the package; ./%s would be the weights of that name here", name, name)
    return entry.folder


def hint(source: str, kind: Kind) -> str:
    """The end of a message about unknown weights: the nearest shipped name and the nearest path, of this kind only."""
    path = Path(source)
    beside = nearest(path.name, _beside(path.parent, kind))
    near = [nearest(path.name, names(kind)), str(path.parent / beside) if beside else ""]
    offered = dict.fromkeys(filter(None, near))
    return f"; did you mean {' or '.join(map(repr, offered))}?" if offered else ""


def _beside(folder: Path, kind: Kind) -> Iterator[str]:
    """Names of the weights of one kind in a folder."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:  # no such folder, or not readable
        return
    for entry in entries:
        if (_SUFFIXES.get(suffix(entry)) or config_file.kind_of(entry)) == kind:
            yield entry.name
