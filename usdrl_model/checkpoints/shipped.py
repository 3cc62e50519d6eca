"""Weights that come with the package, and which of them was meant by a name that nothing has."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path

_PACKAGE = Path(str(resources.files("usdrl_model.checkpoints")))
DETECTORS, MODELS = _PACKAGE / "detectors", _PACKAGE / "encoders"
"""Detectors (``checkpoint``) and pretrained models (``hub``), a folder each."""


def names(folder: Path) -> list[str]:
    """Names of the weights in ``folder``."""
    return sorted(path.parent.name for path in folder.glob("*/config.json"))


def suggestion(wanted: str) -> str:
    """What may have been meant: the nearest shipped name, and the nearest that lies where nothing was found.

    >>> suggestion("opne")
    "; did you mean 'open'?"
    """
    path = Path(wanted)
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names(DETECTORS) + names(MODELS), n=1)
    near += [str(path.parent / name) for name in difflib.get_close_matches(path.name, beside, n=1)]
    return f"; did you mean {' or '.join(map(repr, dict.fromkeys(near)))}?" if near else ""
