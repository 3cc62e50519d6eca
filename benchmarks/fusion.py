"""What is it worth to ask several networks, one a modality? Two tables: frozen encoders, and detectors from scratch.

    for set in utd_mhad msraction3d utkinect msrc12; do usdrl data import $set ~/data/$set --store stores; done
    python benchmarks/fusion.py --data stores --out runs/open_ablation --threads 1

Subjects and folds are those of ``held_out.py``, all of them training subjects. Runs of ``open_ablation.py`` in
``--out`` are not made again. docs/ablations.md holds what came out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import torch
from held_out import (
    CPU,
    FOLDS,
    SETS,
    TITLES,
    Fold,
    Scores,
    folder,
    kept,
    left,
    options,
    parts,
    percent,
    pretrained,
    table,
)
from open_ablation import NARROW, Row, pretraining_run, training_run

from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.evaluation.baselines.contract import Fit
from usdrl_model.evaluation.clips import fitting
from usdrl_model.evaluation.fusion import together
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.modality import Modality
from usdrl_model.training import linear_layer

FUSIONS: tuple[tuple[Modality, ...], ...] = (
    ("joint",), ("bone",), ("motion",), ("joint", "bone"), ("joint", "motion"), ("joint", "bone", "motion"),
)  # fmt: skip
HEADS: Mapping[str, fitting.FeatureHead] = {
    "1-NN": fitting.nearest,
    "whitened 1-NN": fitting.whitened(fitting.nearest),
    "linear": linear_layer.linear_layer,
    "whitened linear": fitting.whitened(fitting.linear_on_unit),
}

TABLES = (
    ("frozen, hidden 128", Row("frozen", NARROW)),
    ("from scratch", Row("from scratch")),
)


def frozen(row: Row, seed: int, store: Store, fold: Fold, out: Path) -> Scores:
    """Right answers of every fusion of frozen encoders, by head."""
    fits: dict[str, dict[str, Fit]] = {head: {} for head in HEADS}
    for one in get_args(Modality):
        run = pretraining_run(Row(one, (*row.changes, f"encoder.modalities=[{one}]")), seed)
        where = folder(out, run, store, fold)
        encoder = pretrained(run, left(store, run, fold), where).backbone
        for head, learn in HEADS.items():
            fits[head][one] = fitting.fit_frozen(encoder, learn, CPU)
    return answers(fits, run.encoder, seed, store, fold)


def from_scratch(row: Row, seed: int, store: Store, fold: Fold) -> Scores:
    """Right answers of every fusion of detectors that were trained from random weights."""
    fits: dict[str, Fit] = {}
    for one in get_args(Modality):
        run = training_run(Row(one, (*row.changes, f"detector.encoder.modalities=[{one}]")), seed)
        fits[one] = fitting.fit_detector(run, CPU)
    return answers({"from scratch": fits}, run.detector.encoder, seed, store, fold)


def answers(fits: Mapping[str, Mapping[str, Fit]], shape: EncoderConfig, seed: int, store: Store, fold: Fold) -> Scores:
    """Right answers; ``fits`` has the modalities of every head. Names begin with the fusion."""
    scores: dict[str, float] = {}
    for name, clips in parts(store, fold)[1].items():
        learnt, scored = (labelled(part, shape.window, name) for part in clips)
        classes = sorted(set(learnt.labels))
        y = torch.tensor([classes.index(label) for label in learnt.labels])
        truth = torch.tensor([classes.index(label) for label in scored.labels])
        scores |= {f"{_name(fusion)}: clips {name}": len(scored) for fusion in FUSIONS}
        for head, modalities in fits.items():
            learned = {one: fit(learnt.windows, y, len(classes), seed=seed) for one, fit in modalities.items()}
            for fusion in FUSIONS:
                found = together([learned[one] for one in fusion])(scored.windows).argmax(dim=1)
                scores[f"{_name(fusion)}: {TITLES[name]} {head}"] = float((found == truth).sum())
    return scores


def of(fusion: Sequence[str], scores: Scores) -> Scores:
    """The scores of one fusion, and how long all took."""
    begin = f"{_name(fusion)}: "
    own = {name.removeprefix(begin): score for name, score in scores.items() if name.startswith(begin)}
    return {**own, "seconds": scores["seconds"]}


def _name(fusion: Sequence[str]) -> str:
    return " + ".join(fusion)


def main() -> None:
    """Train and score what is missing, and print."""
    arguments = options(__doc__).parse_args()
    torch.set_num_threads(arguments.threads)
    store = Store.open(arguments.data).select(sets=SETS)
    for title, row in TABLES:
        rows: dict[str, list[Mapping[str, float]]] = {}
        for seed in arguments.seeds:
            folds = [_of_fold(row, seed, store, fold, arguments.out) for fold in FOLDS]
            for fusion in FUSIONS:
                rows.setdefault(_name(fusion), []).append(percent([of(fusion, scores) for scores in folds]))
        print(table(title, rows), end="\n\n")


def _of_fold(row: Row, seed: int, store: Store, fold: Fold, out: Path) -> Scores:
    if row.name == "frozen":
        where = folder(out / "fusion", pretraining_run(row, seed), store, fold, "frozen")
        return kept(where, lambda _: frozen(row, seed, store, fold, out / "pretraining"))
    where = folder(out / "fusion", training_run(row, seed), store, fold, "from_scratch")
    return kept(where, lambda _: from_scratch(row, seed, store, fold))


if __name__ == "__main__":
    main()
