"""Tasks on clips: draw the training clips of a setting, fit a method, score the test clips.

============================== ======================= =========================================
task                           fitted on               scored on
============================== ======================= =========================================
recognition, retrieval,        all training clips      the test clips
transfer, recognition_2d
semi_supervised                a share of every class  the test clips
few_shot                       so many of every class  the test clips
early_prediction               all, whole and cut off  the test clips, cut off at every share
============================== ======================= =========================================

A truncated clip becomes a window as a whole one does: its observed part is resized to T frames, in training and test.
So the window does not tell how long the clip is, which is not known at that time.

Letters: K classes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from usdrl_model.data.labelled_clips import Labelled
from usdrl_model.data.store import Store
from usdrl_model.evaluation.benchmark import Benchmark, Task
from usdrl_model.evaluation.cells import Cells, Key
from usdrl_model.evaluation.clips.draws import draw_share, draw_shots
from usdrl_model.evaluation.clips.examples import Examples
from usdrl_model.evaluation.clips.methods import ClipMethod
from usdrl_model.evaluation.clips.propagation import UNLABELLED
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.result import ALL, Cell, setting_name

ACCURACY, MACRO_ACCURACY = "accuracy", "macro_accuracy"
CUT_OFF = 4
"""Truncated copies of each training clip in early prediction, besides the whole clip."""
_COPIES: Mapping[Task, int] = {"early_prediction": CUT_OFF}
_DRAWN: tuple[Task, ...] = ("semi_supervised", "few_shot")
"""Tasks in which the seed draws the training clips."""


def fit_and_score(
    benchmark: Benchmark,
    task: Task,
    store: Store,
    methods: Sequence[ClipMethod],
    networks: Networks,
    *,
    seeds: Sequence[int],
    cells: Cells,
    examples: Examples | None = None,
) -> list[Cell]:
    """Scores of methods with every seed; with one seed if nothing is random.

    With several splits, each is fitted by itself, and accuracies are those of all their test clips together.

    Args:
        benchmark: with ``task``.
        task: a task on clips.
        store: of ``open_benchmark``.
        methods: that ``networks`` can fit (``Networks.check``).
        networks: made for this benchmark and task.
        seeds: of training, and of the draw where one is made.
        cells: stores every finished cell; cells stored before are not computed again.
        examples: of the store, where they serve other tasks, too; None: made for this one.

    Raises:
        ValueError: a draw that cannot be made; nothing has been trained then.
    """
    settings = benchmark.task(task).settings
    examples = examples or Examples(store, benchmark.half_width)
    wanted = [
        (method, seed, _key(benchmark, task, store, method, networks, seed))
        for method in methods
        for seed in (seeds if method.seeded or task in _DRAWN else seeds[:1])
    ]
    if new := [method for method, _, key in wanted if cells.get(key) is None]:
        for split in benchmark.splits:
            train = examples.train(split, new[0].window(networks), _COPIES.get(task, 0))
            list(_trials(task, settings, train, seeds[0]))

    def make(method: ClipMethod, seed: int) -> Cell:
        return _cell(benchmark, task, examples, method, networks, seed)

    return cells.finished(wanted, make, f"{task} {benchmark.name}")


def _cell(
    benchmark: Benchmark, task: Task, examples: Examples, method: ClipMethod, networks: Networks, seed: int
) -> Cell:
    shape = method.window(networks)
    started, counts = time.perf_counter(), _Counts(examples.labels(benchmark.splits))
    for split in benchmark.splits:
        train, own = examples.train(split, shape, _COPIES.get(task, 0)), examples.labels([split])
        index = {label: k for k, label in enumerate(own)}
        y = torch.tensor([index[label] for label in train.labels])
        for rows, observed in _trials(task, benchmark.task(task).settings, train, seed):
            if method.takes_unlabelled:
                windows, known = train.windows, torch.full_like(y, UNLABELLED)
                known[rows] = y[rows]
            else:
                windows, known = train.windows[rows], y[rows]
            fitted = method.fit(networks, windows, known, len(own), seed=seed)
            for setting, share in observed.items():
                test = examples.test(split, shape, share)
                predicted = [own[k] for k in fitted.predict(test.windows).tolist()]
                counts.add(setting, split, test.labels, predicted, trained=len({train.names[row] for row in rows}))
    return Cell(
        task=task,
        benchmark=benchmark.name,
        method=method.title,
        seed=seed,
        scores=counts.scores(),
        seconds=time.perf_counter() - started,
        labels=counts.labels,
        details=counts.details(),
    )


def _trials(
    task: Task, settings: Sequence[float], train: Labelled, seed: int
) -> Iterator[tuple[list[int], Mapping[str, float]]]:
    """Rows of the training clips to fit on, and what to score then: setting -> share of a test clip that is seen."""
    everyone = list(range(len(train)))
    if task == "early_prediction":
        yield everyone, {setting_name(share): share for share in settings}
    elif task == "semi_supervised":
        # Of small sets, 1 % and 5 % are the same clips, one of each class: fitted once.
        drawn: dict[tuple[int, ...], dict[str, float]] = {}
        for share in settings:
            rows = tuple(draw_share(train.labels, train.names, share, seed))
            drawn.setdefault(rows, {})[setting_name(share)] = 1.0
        yield from ((list(rows), observed) for rows, observed in drawn.items())
    elif task == "few_shot":
        for shots in settings:
            yield draw_shots(train.labels, train.names, int(shots), seed), {setting_name(shots): 1.0}
    else:
        yield everyone, {ALL: 1.0}


def _key(benchmark: Benchmark, task: Task, store: Store, method: ClipMethod, networks: Networks, seed: int) -> Key:
    return {
        "task": task,
        "benchmark": benchmark.name,
        "splits": list(benchmark.splits),
        "settings": list(benchmark.task(task).settings),
        **({"half_width": benchmark.half_width} if benchmark.half_width else {}),
        "data": store.hash,
        "method": method.title,
        **({"windows": "as published"} if method.window(networks).official else {}),
        "seed": seed,
        **method.depends(networks),
    }


@dataclass(slots=True)
class _Counts:
    """Predictions on the test clips, by setting and split."""

    labels: tuple[str, ...]
    confusion: dict[str, Tensor] = field(default_factory=dict)
    """Setting -> confusion matrix (K, K): true class, predicted class."""
    folds: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def add(self, setting: str, split: str, truth: Sequence[str], predicted: Sequence[str], trained: int) -> None:
        """Count the predictions on the test clips of one split; ``trained``: number of training clips."""
        index = {label: k for k, label in enumerate(self.labels)}
        counts = torch.zeros(len(self.labels), len(self.labels), dtype=torch.int64)
        for true, answer in zip(truth, predicted, strict=True):
            counts[index[true], index[answer]] += 1
        self.confusion[setting] = self.confusion.get(setting, torch.zeros_like(counts)) + counts
        self.folds.setdefault(setting, {})[split] = {**_accuracies(counts), "train": trained, "test": len(truth)}

    def scores(self) -> dict[str, dict[str, float]]:
        """Setting -> metric -> percent, of all splits together."""
        return {setting: _accuracies(counts) for setting, counts in self.confusion.items()}

    def details(self) -> dict[str, Any]:
        """See ``Cell.details``."""
        confusion = {setting: counts.tolist() for setting, counts in self.confusion.items()}
        return {"confusion": confusion, "folds": self.folds}


def _accuracies(confusion: Tensor) -> dict[str, float]:
    """In percent: accuracy over the clips, and its mean over the tested classes."""
    right, total = confusion.diagonal().double(), confusion.sum(dim=1).double()
    tested = total > 0
    return {
        ACCURACY: 100.0 * float(right.sum() / total.sum()),
        MACRO_ACCURACY: 100.0 * float((right[tested] / total[tested]).mean()),
    }
