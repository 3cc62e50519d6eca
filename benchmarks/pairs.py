"""Is pretraining on pairs worth anything where two people are to be understood? One table.

    for set in sbu nuisi; do usdrl data import $set ~/data/$set --store stores; done
    python benchmarks/pairs.py --data stores --out runs/pairs --threads 1

Everything happens in the training part of the first fold of SBU: each of three other folds is left out of pretraining
and training once, and scored. Pretraining takes all the rest of that part, and the training part of NuiSI, without
labels. What is done is in ``--out`` and is not computed again. docs/ablations.md holds what came out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from held_out import CONFIGS, CPU, Scores, kept, opened, options, percent, pretrained, right_answers, table

from usdrl_model import config
from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.evaluation.clips.methods import ClipMethod, Frozen, Trained
from usdrl_model.evaluation.networks import Networks
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.pretraining.config import PretrainConfig

LEFT_OUT = (2, 3, 4)
"""Folds of SBU that are scored; the clips of the first are nowhere. Without the fifth, there are fewer than a batch."""
ENCODER = ("encoder.people=2", "encoder.hidden=64", "encoder.streams=[temporal, spatial]")
"""That of ``config/recognition_pairs.yaml``."""
COLUMNS: Mapping[ClipMethod, str] = {
    Trained(init="random"): "from random weights",
    Trained(): "fine-tuned",
    Frozen(head="linear", init="random"): "linear, untrained",
    Frozen(head="linear"): "linear",
}


def pretraining_run(seed: int) -> PretrainConfig:
    """``config/pretrain_open.yaml`` for pairs, and half as long: there are few."""
    run = config.load(PretrainConfig, CONFIGS / "pretrain_open.yaml")
    return config.apply_overrides(run, (*ENCODER, "steps=120", f"seed={seed}"))


def scores(seed: int, store: Store, fold: int, out: Path) -> Scores:
    """Right answers of every method; networks and encoders are of one seed."""
    sbu = store.select(sets=["sbu"], split="five_fold/1/train")
    learnt, scored = (sbu.select(split=f"five_fold/{fold}/{part}") for part in ("train", "test"))
    run, recipe = pretraining_run(seed), config.load(FinetuneConfig, CONFIGS / "recognition_pairs.yaml")
    clips = [learnt, store.select(sets=["nuisi"], split="official/train")]
    weights = opened(pretrained(run, clips, out), run, learnt, out)
    train, test = (labelled(part, run.encoder.window, f"sbu, fold {fold}") for part in (learnt, scored))
    networks = Networks(weights=[weights], recipe=recipe, people=2, causal=False, device=CPU)
    right = {f"SBU {column}": right_answers(one, networks, train, test, seed) for one, column in COLUMNS.items()}
    return {"clips sbu": len(scored), **right}


def main() -> None:
    """Train and score what is missing, and print."""
    arguments = options(__doc__).parse_args()
    torch.set_num_threads(arguments.threads)
    store = Store.open(arguments.data).select(sets=("sbu", "nuisi"))
    seeds: list[Mapping[str, float]] = []
    try:
        for seed in arguments.seeds:
            run = config.content_hash(pretraining_run(seed))
            folds = [
                kept(
                    arguments.out / f"{run}-{store.hash}-without-{fold}",
                    lambda out, seed=seed, fold=fold: scores(seed, store, fold, out),
                )
                for fold in LEFT_OUT
            ]
            seeds.append(percent(folds, {"sbu": "SBU"}))
    finally:
        print(table("pairs", {"decorrelation": seeds} if seeds else {}))


if __name__ == "__main__":
    main()
