"""Does pretraining pay? Encoders pretrained in different ways at equal budget, and probed with frozen features.

    usdrl data import utd_mhad ~/data/utd_mhad --store stores       # and msraction3d, utkinect
    python benchmarks/pretraining_ablation.py --data stores --out runs/ablation --threads 1

Every row is a configuration file of ``config/`` and changes to it; steps, batch, clips (training parts of the standard
splits) and seeds are the same for all. The scores are those of ``usdrl probe`` on the test parts. Rows that are done
are in ``--out`` and are not computed again, a run that was stopped goes on. Prints a Markdown table, also when it is
stopped: mean over the seeds, and lowest to highest. docs/pretraining_results.md holds what came out.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from held_out import CPU, folder, kept

from usdrl_model import config
from usdrl_model.data.store import Store
from usdrl_model.evaluation import probe
from usdrl_model.files import markdown
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining import run_data
from usdrl_model.training.pretraining import train as pretrain
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.run_folder import begun

CONFIGS = Path(__file__).resolve().parent.parent / "config"
STEPS, BATCH, SEEDS = 100, 64, (0, 1, 2)
RAW_FRAMES = 16
"""Frames of a window that the row without a network compares."""

PLAIN = ("encoder.stem_kernel=0", "encoder.conv_kernel=1", "encoder.mlp_residual=false", "encoder.heads=1")
JOINTS = ("encoder.velocity=false",)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One way to pretrain."""

    name: str
    file: str = "mild"
    changes: tuple[str, ...] = ()
    views: str = "mild"
    """Configuration file that the views are taken from."""
    train: bool = True
    """Off: the weights that training would start from."""


ROWS = (
    Row("untrained: joints, official encoder", changes=(*JOINTS, *PLAIN), train=False),
    Row("untrained: joints", changes=JOINTS, train=False),
    Row("untrained: joints, bones, motion", file="multimodal", train=False),
    Row("untrained: joints + velocity", train=False),
    Row("joints, decorrelation", changes=JOINTS),
    Row("joints, bones, motion: one a view, decorrelation", file="multimodal", changes=("modal_views=one_each",)),
    Row("joints, bones, motion: all in every view, decorrelation", file="multimodal", changes=("modal_views=all",)),
    Row("joints + velocity, decorrelation"),
    Row("joints + velocity, vicreg", changes=("loss.objective=vicreg",)),
    Row("joints + velocity, infonce", changes=("loss.objective=infonce",)),
    Row("joints + velocity, decorrelation, official augmentation", views="official_tpami"),
)


def load(name: str) -> PretrainConfig:
    """A configuration of ``config/``."""
    return config.load(PretrainConfig, CONFIGS / f"pretrain_{name}.yaml")


def configuration(row: Row, seed: int, steps: int, batch: int) -> PretrainConfig:
    """What a row is trained with."""
    # Named here, whatever the recommended configurations say today: rows without an objective use the paper's.
    run = config.apply_overrides(load(row.file), ("loss.objective=decorrelation", *row.changes))
    views = load(row.views).views
    return dataclasses.replace(run, views=views, steps=steps, batch_size=batch, seed=seed, save_every=50)


def measure(row: Row, run: PretrainConfig, store: Store, out: Path) -> Mapping[str, Any]:
    """Set -> scores of one run, from its folder if it was done before."""

    def scores(where: Path) -> Mapping[str, Any]:
        if row.train:
            clips = run_data.chosen(run, store)
            pool, alone = run_data.pool_of(run, clips), Processes(0, 1, CPU)
            encoder = pretrain.train_and_save(
                run, clips, pool, where, alone, command=f"row {row.name}", resume=begun(where)
            ).backbone
        else:
            encoder = probe.untrained(run.encoder, run.projectors, run.seed)
        return {name: dataclasses.asdict(score) for name, score in probe.probe(encoder, store).items()}

    kind = "trained" if row.train else "untrained"
    return kept(folder(out, run, store, {}, kind), scores)


def raw(store: Store) -> dict[str, Any]:
    """The same scores of the coordinates themselves, without a network."""
    coordinates = lambda windows: windows[:, :: windows.shape[1] // RAW_FRAMES].flatten(1)  # noqa: E731
    scores = probe.score_sets(store, load("mild").encoder.window, coordinates)
    return {name: dataclasses.asdict(score) for name, score in scores.items()}


def table(rows: Mapping[str, Sequence[Mapping[str, Any]]], sets: tuple[str, ...]) -> str:
    """Markdown: a row each; two columns a set, and their mean."""
    columns = [(name, kind) for name in sets for kind in ("nearest", "linear")]
    heads = [f"{name} {'1-NN' if kind == 'nearest' else kind}" for name, kind in columns]
    lines: list[list[object]] = []
    for name, runs in rows.items():
        values = [[run[one][kind] for run in runs] for one, kind in columns]
        values.append([statistics.mean(of_seed) for of_seed in zip(*values, strict=True)])
        lines.append([name, *map(_cell, values), len(runs)])
    return markdown.table(["pretraining", *heads, "mean", "seeds"], lines)


def _cell(values: list[float]) -> str:
    mean = f"{statistics.mean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    """Train and probe what is missing; seed by seed, so that every row has one before any has two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="store with the sets (usdrl data import)")
    parser.add_argument("--out", required=True, type=Path, help="folder of all runs, made where missing")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of every run (default: {STEPS})")
    parser.add_argument("--batch", type=int, default=BATCH, help=f"clips a step (default: {BATCH})")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="default: 0 1 2")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    store = Store.open(arguments.data)
    rows: dict[str, list[Mapping[str, Any]]] = {"no network: coordinates of 16 frames": [raw(store)]}
    try:
        for seed in arguments.seeds:
            for row in ROWS:
                run = configuration(row, seed, arguments.steps, arguments.batch)
                rows.setdefault(row.name, []).append(measure(row, run, store, arguments.out))
    finally:
        print(table(rows, store.sets))


if __name__ == "__main__":
    main()
