"""``usdrl probe``: how well frozen features of a pretrained encoder tell the actions of a store apart.

usdrl probe runs/mild/weights --data stores --sets utd_mhad msraction3d
usdrl probe runs/mild/weights --data stores --untrained     # the control: the same encoder before pretraining
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.cli.common import add_machine, add_result, check_output, device, reported, result

if TYPE_CHECKING:
    from usdrl_model.evaluation.probe import Score


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("probe", help="score frozen features of an encoder on labelled clips (1-NN, linear)")
    verb.add_argument(
        "weights", metavar="WEIGHTS", help="pretrained model: foundation, folder, file or hf://owner/name"
    )
    verb.add_argument("--data", required=True, type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--sets", nargs="+", help="names of data sets (default: all of the store)")
    verb.add_argument("--split", default="standard", help="protocol, with its fold if it has any (default: standard)")
    verb.add_argument("--untrained", action="store_true", help="random weights in the place of those of the file")
    verb.add_argument("--seed", type=int, default=0, help="of the random weights (default: 0)")
    add_machine(verb)
    add_result(verb)
    verb.set_defaults(run=reported("usdrl probe", run))


def run(arguments: argparse.Namespace) -> None:
    """Score, and print the table."""
    # Here and below: "usdrl --help" must not wait for torch.
    from usdrl_model import config
    from usdrl_model.checkpoints import code_version
    from usdrl_model.checkpoints.pretrained_models import encoder_of, find_encoder
    from usdrl_model.data.store import Store
    from usdrl_model.evaluation import probe

    check_output("--out", arguments.out, arguments.data, arguments.weights)
    where = device(arguments)
    stored = find_encoder(arguments.weights)
    if arguments.untrained:
        encoder = probe.untrained(stored.config.encoder, stored.config.projectors, arguments.seed)
    else:
        encoder = encoder_of(stored)
    store = Store.open(arguments.data).select(sets=arguments.sets)
    scores = probe.probe(encoder.float().to(where), store, arguments.split)
    content = {
        "weights": arguments.weights,
        "untrained": arguments.untrained,
        **({"seed": arguments.seed} if arguments.untrained else {}),
        "split": arguments.split,
        "data": store.hash,
        "provenance": None if arguments.untrained else config.to_dict(stored.config.provenance),
        "code": config.to_dict(code_version.current()),
        "sets": {name: asdict(score) for name, score in scores.items()},
    }
    if not result(arguments, content):
        print(table(scores))


def table(scores: Mapping[str, Score]) -> str:
    """Accuracies in percent, a line a set."""
    lines = [f"{'set':<16}{'classes':>8}{'train':>8}{'test':>8}{'1-NN %':>10}{'linear %':>10}"]
    lines += [
        f"{name:<16}{s.classes:>8}{s.train:>8}{s.test:>8}{s.nearest:>10.1f}{s.linear:>10.1f}"
        for name, s in scores.items()
    ]
    return "\n".join(lines)
