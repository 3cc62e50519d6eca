"""What weights that leave their folder as a single file are passed on with: their model card, and LICENSE-WEIGHTS."""

from __future__ import annotations

from pathlib import Path

from usdrl_model.checkpoints import shipped
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.files.atomic_file import write_text
from usdrl_model.files.share import shared
from usdrl_model.terms import for_products
from usdrl_model.training import model_card
from usdrl_model.training.permission import kinds_of

LICENCE = "LICENSE-WEIGHTS"


def write_beside(file: Path, weights: LoadedDetector) -> list[Path]:
    """Write the texts that go with a file made of weights; returns their paths, the card first.

    Args:
        file: as ``detector.onnx``; the card becomes ``detector.md``.
        weights: that it was made of, from a folder.

    Raises:
        FileNotFoundError: the installation lacks the licence.
    """
    card = file.with_suffix(".md")
    write_text(card, model_card.text(weights.path))
    if not _licensed(weights):
        return [card]
    write_text(file.parent / LICENCE, shared(LICENCE).read_text(encoding="utf-8"))
    return [card, file.parent / LICENCE]


def _licensed(weights: LoadedDetector) -> bool:
    """Whether the terms of the shipped weights hold: for those, for what began with them, and for all of research."""
    made = weights.config.provenance
    ours = {one.folder for one in shipped.registry()}
    begun = any(shipped.find(name) for name in (made.start, made.teacher))
    return weights.path in ours or begun or not for_products(kinds_of(made))
