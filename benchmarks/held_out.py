"""What the tables of the other scripts share: people who are left out, scores that are kept, tables.

Only training subjects of the standard splits take part: in each of two folds some of them are left out of everything,
of pretraining too, and their clips are what is scored.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from usdrl_model import config
from usdrl_model.checkpoints import code_version
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.data.labelled_clips import Labelled
from usdrl_model.data.store import Store
from usdrl_model.evaluation.clips.methods import ClipMethod
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.files import markdown
from usdrl_model.training.distributed import Processes
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.pretraining import run_data
from usdrl_model.training.pretraining import train as pretrain
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.run_folder import begun

CONFIGS = Path(__file__).resolve().parent.parent / "config"
CPU = torch.device("cpu")
SETS = ("utd_mhad", "msraction3d", "utkinect", "msrc12")
TITLES = {"utd_mhad": "UTD", "msraction3d": "MSR"}
FOLDS = (
    {"utd_mhad": ("5", "7"), "msraction3d": ("07", "09")},
    {"utd_mhad": ("1", "3"), "msraction3d": ("01", "03")},
)
"""Training subjects who are left out and scored."""
Fold = Mapping[str, Sequence[str]]
"""Set -> subjects."""
Scores = Mapping[str, float]
"""Column -> right answers; "clips SET" is how many were asked."""


def options(about: str | None) -> argparse.ArgumentParser:
    """What all of these tables can be told."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", required=True, type=Path, help="store with the sets of the script (usdrl data import)"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of all runs, made where missing")
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1, 2), help="default: 0 1 2")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    return parser


def parts(store: Store, fold: Fold) -> tuple[list[Store], dict[str, tuple[Store, Store]]]:
    """Clips to pretrain on, a store a set; and set -> (clips to learn from, clips that are scored)."""
    train = store.select(split="standard/train")
    out = {name: train.select(sets=[name], subjects=people) for name, people in fold.items()}
    others = {name: subjects_of(train.select(sets=[name])) - set(fold.get(name, ())) for name in train.sets}
    learnt = {name: train.select(sets=[name], subjects=sorted(people)) for name, people in others.items()}
    return list(learnt.values()), {name: (learnt[name], out[name]) for name in fold}


def subjects_of(store: Store) -> set[str]:
    """Everyone who was recorded."""
    return {str(store.describe(index).subject) for index in range(len(store))}


def left(store: Store, run: PretrainConfig, fold: Fold) -> list[Store]:
    """What a run pretrains on without those who are left out, a store a set."""
    return parts(store.select(sets=run.data.sets), fold)[0]


def pretrained(run: PretrainConfig, clips: Sequence[Store], out: Path) -> USDRL:
    """The model of a run, which goes on where ``out`` has it stopped."""
    out.mkdir(parents=True, exist_ok=True)
    pool = run_data.pool_of(run, itertools.chain(*clips))
    return pretrain.train(run, pool, out, Processes(0, 1, CPU), resume=begun(out))


def opened(model: USDRL, run: PretrainConfig, store: Store, out: Path) -> Pretrained:
    """A model as what can be fine-tuned, by way of a file in ``out``."""
    model.save_pretrained(out / "weights", run_data.provenance(run, store, "benchmarks"))
    return Pretrained.open(out / "weights")


def right_answers(method: ClipMethod, networks: Networks, learnt: Labelled, scored: Labelled, seed: int) -> float:
    """Fit and count."""
    classes = sorted(set(learnt.labels))
    y = torch.tensor([classes.index(label) for label in learnt.labels])
    answers = method.fit(networks, learnt.windows, y, len(classes), seed=seed).predict(scored.windows)
    return float(sum(classes[k] == label for k, label in zip(answers.tolist(), scored.labels, strict=True)))


def folder(out: Path, run: PretrainConfig | FinetuneConfig, store: Store, fold: Fold, kind: str = "") -> Path:
    """Where a run is kept: named by all that decides it."""
    left_out = [person for people in fold.values() for person in people]
    parts = [kind, config.content_hash(run), store.hash, *(["without", *left_out] if left_out else [])]
    return out / "-".join(filter(None, [*parts, code_version.current().hash]))


def kept(where: Path, measure: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
    """What was measured in a folder before, or is now."""
    done = where / "scores.json"
    if not done.exists():
        where.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        scores = dict(measure(where))
        done.write_text(json.dumps({**scores, "seconds": time.perf_counter() - start}, indent=2) + "\n")
    return dict(json.loads(done.read_text(encoding="utf-8")))


def percent(folds: Sequence[Scores], titles: Mapping[str, str] = TITLES) -> dict[str, float]:
    """Column -> percent in all folds together, the mean of the columns, and seconds a fold."""
    of_set = {title: sum(fold[f"clips {name}"] for fold in folds) for name, title in titles.items()}
    columns = [key for key in folds[0] if key.split()[0] in of_set]
    columns.sort(key=lambda key: list(of_set).index(key.split()[0]))
    found = {key: 100.0 * sum(fold[key] for fold in folds) / of_set[key.split()[0]] for key in columns}
    seconds = statistics.mean(fold["seconds"] for fold in folds)
    return {**found, "mean": statistics.mean(found.values()), "seconds": seconds}


def table(what: str, rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Markdown: a row each."""
    columns = list(next(iter(rows.values()))[0]) if rows else []
    lines: list[list[object]] = []
    for name, seeds in rows.items():
        cells = [_cell([seed[column] for seed in seeds], column == "seconds") for column in columns]
        lines.append([name, *cells, len(seeds)])
    return markdown.table([what, *columns, "seeds"], lines)


def _cell(values: Sequence[float], whole: bool) -> str:
    if whole:
        return f"{statistics.mean(values):.0f}"
    mean = f"{statistics.mean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.1f} to {max(values):.1f})"
