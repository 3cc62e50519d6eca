"""The tasks on whole recordings: fit on windows, score every frame of the test recordings, find actions, score those.

=============== ====================================== ===============================================
task            where actions have a begin and an end  where they are instants (MSRC-12)
=============== ====================================== ===============================================
segmentation    frames and segments                    refused
detection       proposals and segments, PKU-MMD's way  action points within a third of a second
=============== ====================================== ===============================================

Everything is offline: predictions use the past and the future of a frame, which no robot has. Posteriors are stored
next to the cells, so that the other task and other decodings need no second training.

    networks = Networks(weights=weights, recipe=settings.recipe, people=benchmark.people, device=device)
    methods = [Detecting(), Tcn()]
    fit_and_score(
        benchmark, "segmentation", store, methods, networks, settings=settings, seeds=[0], cells=Cells("out/cells")
    )

Letters: G frames of the grid, K classes (background first).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from usdrl_model import config
from usdrl_model.data.store import Store
from usdrl_model.evaluation.benchmark import Benchmark, Task
from usdrl_model.evaluation.benchmark_store import classes
from usdrl_model.evaluation.cells import Cells, Key
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.recordings import frame_scores, instants, scores
from usdrl_model.evaluation.recordings.config import ContinuousConfig
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.evaluation.recordings.methods import FrameMethod
from usdrl_model.evaluation.recordings.scores import Outcome, Predicted
from usdrl_model.evaluation.result import ALL, Cell
from usdrl_model.metrics.action_points import ActionPoint
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.windows.cut import Windows

SECONDS = " seconds"
"""Entry of a file of posteriors that says how long they took; no recording has that name."""


def fit_and_score(
    benchmark: Benchmark,
    task: Task,
    store: Store,
    methods: Sequence[FrameMethod],
    networks: Networks,
    *,
    settings: ContinuousConfig,
    seeds: Sequence[int],
    cells: Cells,
) -> list[Cell]:
    """Scores of methods, each with every seed; with several splits, those of all their test recordings together.

    Args:
        benchmark: with ``task``.
        task: "segmentation" or "detection".
        store: of ``open_benchmark``.
        methods: that ``networks`` can fit (``Networks.check``).
        networks: made for this benchmark, with the recipe of the settings.
        settings: how to cut and to decode.
        seeds: of training.
        cells: stores every finished cell; cells stored before are not computed again.

    Raises:
        ValueError: the task cannot be done with these labels, or there is nobody to choose a threshold on; nothing has
            been trained then.
    """
    runner = _Runner(benchmark, task, store, networks, settings, cells)
    wanted = [(method, seed, runner.key(method, seed)) for method in methods for seed in seeds]
    return cells.finished(wanted, runner.cell, f"{task} {benchmark.name}")


class _Runner:
    """A benchmark, checked, with the windows of its training parts, each made once."""

    def __init__(
        self,
        benchmark: Benchmark,
        task: Task,
        store: Store,
        networks: Networks,
        settings: ContinuousConfig,
        cells: Cells,
    ) -> None:
        self._networks = networks
        self._benchmark, self._task, self._store, self._settings = benchmark, task, store, settings
        self._labels = (BACKGROUND_LABEL, *classes(store, task))
        self._cells = cells
        self._windows: dict[tuple[str, Cut], Windows] = {}
        self._instants = _all_instants(store)
        if self._instants and task != "detection":
            raise ValueError(f"benchmark {benchmark.name}: its labels are instants: take detection, not {task}")
        if self._instants:
            for split in benchmark.splits:
                self._held_out(split)

    def key(self, method: FrameMethod, seed: int) -> Key:
        """The key of a cell."""
        decided_by = self._settings.instants if self._instants else self._settings.decoding
        return {
            "task": self._task,
            "benchmark": self._benchmark.name,
            "splits": list(self._benchmark.splits),
            "data": self._store.hash,
            "method": method.title,
            "seed": seed,
            "cut": config.to_dict(self._cut(method)),
            "decoding": config.content_hash(decided_by),
            **method.depends(self._networks),
        }

    def cell(self, method: FrameMethod, seed: int) -> Cell:
        """Fit, score, decode."""
        seconds, outcome = (self._points if self._instants else self._segments)(method, seed)
        return Cell(
            task=self._task,
            benchmark=self._benchmark.name,
            method=method.title,
            seed=seed,
            scores={ALL: outcome.scores},
            seconds=seconds,
            labels=self._labels,
            details=outcome.details,
        )

    def _segments(self, method: FrameMethod, seed: int) -> tuple[float, Outcome]:
        predicted: list[Predicted] = []
        total = 0.0
        for split in self._benchmark.splits:
            seconds, found = self._predict(method, seed, self._part(split, "train"), self._part(split, "test"))
            total, predicted = total + seconds, predicted + found
        ways: Mapping[str, Callable[..., Outcome]] = {
            "segmentation": scores.segmentation,
            "detection": scores.detection,
        }
        return total, ways[self._task](predicted, self._labels, self._settings.decoding)

    def _points(self, method: FrameMethod, seed: int) -> tuple[float, Outcome]:
        total, thresholds = 0.0, {}
        predicted: list[Predicted] = []
        found: list[instants.Instants] = []
        detected: list[tuple[ActionPoint, ...]] = []
        for split in self._benchmark.splits:
            trial, held = self._predict(method, seed, *self._held_out(split))
            thresholds[split] = instants.best_threshold([self._find(one) for one in held])
            final, tested = self._predict(method, seed, self._part(split, "train"), self._part(split, "test"))
            points = [self._find(one) for one in tested]
            total, predicted, found = total + trial + final, predicted + tested, found + points
            detected += [one.above(thresholds[split]) for one in points]
        outcome = scores.action_points(predicted, found, detected, self._labels)
        return total, Outcome(outcome.scores, {**outcome.details, "thresholds": thresholds})

    def _predict(self, method: FrameMethod, seed: int, train: Store, test: Store) -> tuple[float, list[Predicted]]:
        """Seconds of fitting and scoring, and the posteriors of every recording of ``test``."""
        key = {
            "train": train.hash,
            "test": test.hash,
            "labels": self._labels,
            "method": method.title,
            "seed": seed,
            "cut": config.to_dict(self._cut(method)),
            **method.depends(self._networks),
        }
        kept = self._cells.get_posteriors(key)
        videos = list(frame_scores.videos(test, self._labels, self._cut(method)))
        if len({video.name for video in videos}) < len(videos):
            raise ValueError(f"{self._benchmark.name}: two test recordings have the same name: rename one")
        if kept is None:
            windows = self._training(train, self._cut(method))
            started = time.perf_counter()
            fitted = method.fit(self._networks, windows, len(self._labels), seed=seed)
            found = {video.name: frame_scores.score(video, fitted.scores, len(self._labels)) for video in videos}
            kept = {**found, SECONDS: np.array(time.perf_counter() - started)}
            self._cells.put_posteriors(key, kept)
        return float(kept[SECONDS]), [Predicted(video, kept[video.name]) for video in videos]

    def _cut(self, method: FrameMethod) -> Cut:
        return self._settings.cut(method.window(self._networks))

    def _find(self, one: Predicted) -> instants.Instants:
        return instants.find(one.video, one.posterior, self._labels, self._settings.instants)

    def _training(self, train: Store, cut: Cut) -> Windows:
        if (train.hash, cut) not in self._windows:
            self._windows[train.hash, cut] = frame_scores.training(train, self._labels, cut)
        return self._windows[train.hash, cut]

    def _part(self, split: str, part: str) -> Store:
        return self._store.select(split=f"{split}/{part}")

    def _held_out(self, split: str) -> tuple[Store, Store]:
        """The training part without, and only with, the people on whom a threshold is chosen."""
        train, names = self._part(split, "train"), self._settings.instants.held_out
        people = {train.describe(index).subject for index in range(len(train))} - {None}
        others = sorted(map(str, people - set(names)))
        if not names or not others or not set(names) <= people:
            raise ValueError(
                f"instants.held_out: expected some of the training people {sorted(map(str, people))} of {split}, and"
                f" not all, to choose a threshold on; got {list(names)}"
            )
        return train.select(subjects=others), train.select(subjects=names)


def _all_instants(store: Store) -> bool:
    segments = [segment for index in range(len(store)) for segment in store.describe(index).segments]
    clear = [segment for segment in segments if segment.label != AMBIGUOUS]
    return bool(clear) and all(segment.start == segment.end for segment in clear)
