"""What is each choice in ``config/pretrain_open.yaml`` and ``config/recognition.yaml`` worth?

    for set in utd_mhad msraction3d utkinect msrc12; do usdrl data import $set ~/data/$set --store stores; done
    python benchmarks/open_ablation.py pretraining --data stores --out runs/open_ablation --threads 1
    python benchmarks/open_ablation.py fine-tuning --data stores --out runs/open_ablation --threads 1
    python benchmarks/open_ablation.py training --data stores --out runs/open_ablation --threads 1

Who is left out and scored: ``held_out.py``. A row is the file and changes to it. Rows that are done are in
``--out`` and are not computed again; a run that was stopped goes on. Prints a Markdown table, also when it is stopped:
right answers in both folds together, in percent, mean over the seeds and lowest to highest. docs/ablations.md holds
what came out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from held_out import (
    CONFIGS,
    CPU,
    FOLDS,
    SETS,
    TITLES,
    Fold,
    Scores,
    folder,
    kept,
    left,
    opened,
    options,
    parts,
    percent,
    pretrained,
    right_answers,
    table,
)  # fmt: skip

from usdrl_model import config
from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.evaluation import probe
from usdrl_model.evaluation.clips.methods import Trained
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.whitening import Whitening
from usdrl_model.training import linear_layer
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.pretraining.config import PretrainConfig


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One way to train."""

    name: str
    changes: tuple[str, ...] = ()
    seeds: int = 3
    """Largest number of seeds: rows that take many times as long have fewer."""
    train: bool = True
    """Off: the weights that pretraining would start from."""
    method: Trained = Trained()
    """Of the table of fine-tuning."""

    @property
    def kind(self) -> str:
        """What the run alone does not say."""
        if not self.train:
            return "untrained"
        return "" if self.method == Trained() else self.method.title.replace(", ", "-").replace(" ", "-")


REPAIRED = ("encoder.architecture=dste", "encoder.conv_kernel=5", "encoder.mlp_residual=true")
BOTH_STREAMS = "encoder.streams=[temporal, spatial]"
MODALITIES = "encoder.modalities=[joint, bone, motion]"
MSRC12_TOO = "data.sets=[utd_mhad, msraction3d, utkinect, msrc12]"
INFONCE = "loss.objective=infonce"
NARROW = ("encoder.hidden=128", "precision=float32")
"""Half the time of the file, in which most choices are compared."""
HALF_MILLION = ("steps=1000", "save_every=100")
"""512,000 views."""
DROPPED = "augment.drop_joint=0.15"
STRONG = ("augment.yaw=0.6", "augment.tilt=0.2", "augment.scale=0.2", "augment.stretch=0.1", "augment.jitter=0.01")

PRETRAINING = (
    Row("untrained", NARROW, train=False),
    Row("decorrelation (the paper's objective)", NARROW),
    Row("decorrelation, MSRC-12 too", (*NARROW, MSRC12_TOO)),
    Row("InfoNCE", (*NARROW, INFONCE)),
    Row("InfoNCE, MSRC-12 too", (*NARROW, INFONCE, MSRC12_TOO)),
    Row("VICReg", (*NARROW, "loss.objective=vicreg")),
    Row("without neighbours", (*NARROW, "neighbours.weight=0")),
    Row("without bones of random length", (*NARROW, "views.augment.bones=0")),
    Row("without both", (*NARROW, "neighbours.weight=0", "views.augment.bones=0")),
    Row("bones instead of joints", (*NARROW, "encoder.modalities=[bone]"), seeds=1),
    Row("motion instead of joints", (*NARROW, "encoder.modalities=[motion]"), seeds=1),
    Row("joints, bones and motion in every view", (*NARROW, MODALITIES, "modal_views=all"), seeds=1),
    Row("64 frames", (*NARROW, "encoder.frames=64"), seeds=1),
    Row("hidden 64", (*NARROW, "encoder.hidden=64")),
    Row("hidden 256 (the file)"),
    Row("hidden 256, 512,000 views", HALF_MILLION, seeds=1),
)
TRAINING = (
    Row("as in the file"),
    Row("64 frames", ("detector.encoder.frames=64",)),
    Row("repaired DSTE", tuple(f"detector.{change}" for change in REPAIRED)),
    Row("both streams", (f"detector.{BOTH_STREAMS}",)),
    Row("hidden 64", ("detector.encoder.hidden=64",)),
    Row("hidden 256", ("detector.encoder.hidden=256",)),
    Row("without velocity", ("detector.encoder.velocity=false",)),
    Row("without crops", ("augment.crop=1",)),
    Row("bones of random length", ("augment.bones=0.15",)),
    Row("joints dropped", (DROPPED,)),
    Row("views twice as strong", STRONG),
    Row("joints dropped, views twice as strong", (DROPPED, *STRONG)),
    Row("1200 steps", ("steps=1200",)),
)


FINE_TUNING = (
    Row("as in the file"),
    Row("the encoder learns a tenth as fast as the head", ("encoder_lr_scale=0.1",)),
    Row("the encoder does not learn", ("train=heads",)),
    Row("a random head, everything learns as fast", ("head=random", "encoder_lr_scale=1")),
    Row("as in the file, two detectors from scratch asked too", method=Trained(with_scratch=True)),
)


def pretraining_run(row: Row, seed: int) -> PretrainConfig:
    """What a row pretrains with."""
    run = config.load(PretrainConfig, CONFIGS / "pretrain_open.yaml")
    return config.apply_overrides(run, (*row.changes, f"seed={seed}"))


def training_run(row: Row, seed: int) -> FinetuneConfig:
    """What a row trains a detector with."""
    recipe = config.load(FinetuneConfig, CONFIGS / "recognition.yaml")
    return config.apply_overrides(recipe, (*row.changes, f"seed={seed}"))


def pretraining_scores(row: Row, seed: int, store: Store, fold: Fold, out: Path) -> Scores:
    """Right answers of frozen features."""
    run = pretraining_run(row, seed)
    if row.train:
        encoder = pretrained(run, left(store, run, fold), out).backbone
    else:
        encoder = probe.untrained(run.encoder, run.projectors, run.seed)
    scores: dict[str, float] = {}
    for name, clips in parts(store, fold)[1].items():
        learnt, scored = (labelled(part, run.encoder.window, name) for part in clips)
        features, asked = linear_layer.features(encoder, learnt.windows), linear_layer.features(encoder, scored.windows)
        whiten = Whitening.of(features)
        scores[f"clips {name}"] = len(scored)
        for kind, one, other in (("", features, asked), (" whitened", whiten(features), whiten(asked))):
            score = probe.score(one, learnt.labels, other, scored.labels)
            scores[f"{TITLES[name]}{kind} 1-NN"] = score.nearest * len(scored) / 100.0
            if not kind:
                scores[f"{TITLES[name]} linear"] = score.linear * len(scored) / 100.0
    return scores


def training_scores(row: Row, seed: int, store: Store, fold: Fold, _: Path) -> Scores:
    """Right answers of networks trained from random weights."""
    run = dataclasses.replace(training_run(row, seed), seed=0)  # the seed is given where it is fitted
    networks = Networks(weights=[], recipe=run, people=1, causal=False, device=CPU)
    return trained(Trained(init="random"), networks, seed, store, fold)


def fine_tuning_scores(row: Row, seed: int, store: Store, fold: Fold, out: Path) -> Scores:
    """Right answers of networks that begin from what ``config/pretrain_open.yaml`` makes."""
    run, recipe = pretraining_run(Row("the file"), seed), dataclasses.replace(training_run(row, seed), seed=0)
    where = folder(out.parent.parent / "pretraining", run, store, fold)
    weights = [opened(pretrained(run, left(store, run, fold), where), run, store, out)]
    networks = Networks(weights=weights, recipe=recipe, people=1, causal=False, device=CPU)
    return trained(row.method, networks, seed, store, fold)


def trained(method: Trained, networks: Networks, seed: int, store: Store, fold: Fold) -> Scores:
    """Right answers of a method that is fitted to each set."""
    scores: dict[str, float] = {}
    for name, clips in parts(store.select(sets=list(fold)), fold)[1].items():
        learnt, scored = (labelled(part, method.window(networks), name) for part in clips)
        scores[f"clips {name}"] = len(scored)
        scores[TITLES[name]] = right_answers(method, networks, learnt, scored, seed)
    return scores


TABLES: Mapping[str, tuple[Sequence[Row], Callable[[Row, int], Any], Callable[..., Scores]]] = {
    "pretraining": (PRETRAINING, pretraining_run, pretraining_scores),
    "fine-tuning": (FINE_TUNING, training_run, fine_tuning_scores),
    "training": (TRAINING, training_run, training_scores),
}


def main() -> None:
    """Train and score what is missing; seed by seed, so that every row has one before any has two."""
    parser = options(__doc__)
    parser.add_argument("what", choices=TABLES)
    parser.add_argument("--only", nargs="+", default=(), help="names of rows; default: all")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows, configured, measure = TABLES[arguments.what]
    store = Store.open(arguments.data).select(sets=SETS)
    results: dict[str, list[Mapping[str, float]]] = {}
    try:
        for place, seed in enumerate(arguments.seeds):
            for row in rows:
                if place >= row.seeds or (arguments.only and row.name not in arguments.only):
                    continue
                run = configured(row, seed)
                folds = [
                    kept(
                        folder(arguments.out / arguments.what, run, store, fold, row.kind),
                        lambda out, row=row, seed=seed, fold=fold: measure(row, seed, store, fold, out),
                    )
                    for fold in FOLDS
                ]
                results.setdefault(row.name, []).append(percent(folds))
    finally:
        print(table(arguments.what, results))


if __name__ == "__main__":
    main()
