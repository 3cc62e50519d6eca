"""The weights that bags are to be scored with: one, or several by names that are folders of their results.

::

    usdrl-evaluate-bag bags --weights default --weights hri
    usdrl-evaluate-bag bags --weights before=runs/a/weights --weights after=runs/b/weights
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from usdrl_model.cli.common import pretrained
from usdrl_model.errors.shown import shown
from usdrl_model.files.suffix import suffix
from usdrl_model.online.pretrained import Pretrained, known_labels
from usdrl_model.skeleton.topology import CANONICAL

KEPT = "replays"
"""Folder of finished replays beside the results."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Weights that are to be scored."""

    name: str
    sha256: str
    made_of: Pretrained
    out: Path
    """Folder of their results."""


def load(options: argparse.Namespace) -> tuple[list[Asked], tuple[str, ...]]:
    """The weights that are asked for, and all that they tell.

    Several have the names that they are given; else those of their folders, or of ONNX files, which keep that of the
    weights inside.

    Raises:
        ValueError: two of one name, or a name that is no folder's.
        FileNotFoundError, ImportError, ValueError: as ``load.load``.
    """
    given = options.weights or ["default"]
    found: dict[str, Asked] = {}
    known: dict[str, None] = {}
    for one in given:
        name, weights = _named(one) if len(given) > 1 else ("", one)
        made_of = pretrained(argparse.Namespace(**(vars(options) | {"weights": weights})))
        stream = made_of.stream(CANONICAL)
        name = name or (Path(weights).name if suffix(weights) == ".onnx" else stream.weights.name)
        if name in found or name in (KEPT, ".", ".."):
            taken = f"two are called {name}" if name in found else f"results cannot be in a folder {name}"
            raise ValueError(f"--weights {one}: {taken}: choose a name, --weights NAME={weights}")
        out = Path(options.out, name) if len(given) > 1 else Path(options.out)
        found[name] = Asked(name, stream.weights.sha256, made_of, out)
        known |= dict.fromkeys(known_labels(stream))
    return list(found.values()), tuple(known)


def _named(given: str) -> tuple[str, str]:
    """Name and weights of ``NAME=WEIGHTS``; no name where there is none, or where all of it is a path."""
    name, equals, weights = given.partition("=")
    if not equals or Path(given).exists() or "/" in name:
        return "", given
    if not name or not weights:
        raise ValueError(f"--weights: expected NAME=WEIGHTS, got {shown(given)}")
    return name, weights
