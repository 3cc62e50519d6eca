"""``usdrl card``: writes the model card of weights anew, from what they say of themselves and from ``card.yaml``.

usdrl card runs/own/weights
"""

from __future__ import annotations

import argparse
from pathlib import Path

from usdrl_model.cli.common import reported


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``card`` to the ``usdrl`` command."""
    verb = verbs.add_parser("card", help="write the model card of weights: data, terms, scores, limits")
    verb.add_argument("folder", type=Path, help="of the weights; card.yaml in it holds summary, use, scores, limits")
    verb.set_defaults(run=reported("usdrl card", _card))


def _card(arguments: argparse.Namespace) -> None:
    from usdrl_model.training import model_card  # here, because "usdrl --help" must not wait for torch

    print(model_card.write(arguments.folder))
