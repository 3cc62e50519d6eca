"""The task "stream": train a detector without a set, run it live on that set, score its events.

    fit_and_score(
        benchmark, Path("stores"), [METHODS["fine-tuned"]], weights=weights, protocol=protocol, seeds=[0],
        cells=Cells("out/cells"), device=torch.device("cpu"),
    )

Everybody in the set is scored, whatever its splits: all of them are new. A detector that learnt from its training part
is scored on the test part (``StreamProtocol.people``).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.data.catalogue import PERFORMER
from usdrl_model.data.store import Store
from usdrl_model.data.vocabulary import NONE
from usdrl_model.evaluation.benchmark import Benchmark
from usdrl_model.evaluation.cells import Cells, Key
from usdrl_model.evaluation.predict import predict
from usdrl_model.evaluation.pretrained import Pretrained, known_people
from usdrl_model.evaluation.result import ALL, Cell
from usdrl_model.evaluation.stream import scores, streams
from usdrl_model.evaluation.stream.methods import Material, StreamMethod, started
from usdrl_model.evaluation.stream.protocol import StreamProtocol
from usdrl_model.evaluation.stream.scores import Heard
from usdrl_model.network.device import one_thread
from usdrl_model.online.stream import ActionStream
from usdrl_model.progress import progress
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.training.finetuning import sources
from usdrl_model.training.finetuning.config import FinetuneConfig

DRAWN = 8
"""Recordings of which a cell keeps the timeline."""


def fit_and_score(
    benchmark: Benchmark,
    data: Path,
    methods: Sequence[StreamMethod],
    *,
    weights: Pretrained | None,
    protocol: StreamProtocol,
    seeds: Sequence[int],
    cells: Cells,
    device: torch.device,
) -> list[Cell]:
    """Scores of methods, each with every seed; with one seed where nothing is trained.

    Args:
        benchmark: whose set is left out.
        data: store with that set and with those of the training.
        methods: of ``METHODS``.
        weights: to start from, or a detector; not made on the set.
        protocol: what is trained and how much is run.
        seeds: of training.
        cells: stores every finished cell; cells stored before are not computed again.
        device: where to train and to run.

    Raises:
        ValueError: weights that know whom they are scored on, or training that cannot start (nothing has been
            trained then); a detector and a set that share no label.
    """
    if weights is not None:
        check_unseen(weights, benchmark, data, protocol)
    runner = _Runner(benchmark, data, weights, protocol, cells, device)
    wanted = [
        (method, seed, runner.key(method, seed))
        for method in methods
        for seed in (seeds if method.trains else seeds[:1])
    ]
    return cells.finished(wanted, runner.cell, f"stream {benchmark.name}")


def check_unseen(weights: Pretrained, benchmark: Benchmark, data: Path, protocol: StreamProtocol) -> None:
    """ValueError where weights were made on whom they are to be scored on, by what their provenance says."""
    where = f"{benchmark.name}/stream"
    if protocol.people == "all":
        weights.check_unseen(benchmark.target_sets, where)
        return
    benchmark = dataclasses.replace(benchmark, folds=benchmark.folds[:1])  # whose test part alone is scored
    train = f"{benchmark.splits[0]}/train"
    unnamed = [f"{one.set} ({one.split or 'all of it'})" for one in weights.made.data
               if one.set in benchmark.target_sets and (one.set, one.split) != (benchmark.data, train)
               and not one.subjects]  # fmt: skip
    known = known_people(weights, benchmark, Store.open(data).select(sets=[benchmark.data]))
    if unnamed or known:
        whom = ", ".join(known or unnamed)
        raise ValueError(f"{where}: expected weights that know only {train}, {weights.path} was trained on {whom}")


class _Runner:
    """A left-out set and the training on the others, each read once."""

    def __init__(
        self,
        benchmark: Benchmark,
        data: Path,
        weights: Pretrained | None,
        protocol: StreamProtocol,
        cells: Cells,
        device: torch.device,
    ) -> None:
        self._benchmark, self._weights, self._protocol = benchmark, weights, protocol
        self._cells, self._device = cells, device
        self._store = Store.open(data)
        self._words = protocol.words()
        self._calibration = protocol.calibrating(benchmark.target_sets)

    def key(self, method: StreamMethod, seed: int) -> Key:
        """The key of a cell.

        Raises:
            ValueError: weights that the method cannot start from, or nothing to train on.
        """
        trained: dict[str, Any] = {}
        if (run := self._run(method, seed)) is not None:
            used = (*run.sources, *(self._calibration.sources if self._calibration else ()))
            parts = [sources.training_part(one, self._store) for one in used if one.name != PERFORMER]
            started_anywhere = dataclasses.replace(run, init_from="")  # a hash of the weights is below
            trained = {"run": config.content_hash(started_anywhere), "sources": [part.hash for part in parts]}
            trained["calibration"] = config.content_hash(self._calibration) if self._calibration else ""
            if run.teacher:
                trained["teacher"] = detector_file.load(run.teacher, "cpu").hash
        return {
            "task": "stream",
            "benchmark": self._benchmark.name,
            "method": method.title,
            "seed": seed,
            "splits": list(self._benchmark.splits),
            "data": self._own.hash,
            "protocol": config.content_hash(self._protocol),
            "vocabulary": config.content_hash(self._words),
            **trained,
            **({"weights": method.weights_hash(self._weights)} if self._weights and method.needs_weights else {}),
        }

    def cell(self, method: StreamMethod, seed: int) -> Cell:
        """Train, or load, and run on everybody."""
        material = self._material(method, seed)
        begun = time.perf_counter()
        loaded = method.detector(material)
        known = set(self._benchmark.target_sets) & set(loaded.config.provenance.sets)
        if known and self._protocol.people == "all":
            raise ValueError(f"{self._benchmark.name}/stream: {loaded.path} was trained on {', '.join(sorted(known))}")
        shared = streams.shown(self._recordings, self._words) & set(loaded.config.detector.labels)
        if not shared:
            raise ValueError(
                f"{self._benchmark.name}/stream: {loaded.name} has no label that {self._benchmark.data} shows:"
                f" {', '.join(loaded.config.detector.labels)}"
            )
        heard = [self._heard(one, loaded) for one in progress(self._recordings, desc="straight", leave=None)]
        straight = scores.events(heard, shared)
        mirrored = None
        if self._protocol.mirrored:
            turned = (streams.mirrored(one, self._words) for one in self._recordings)
            others = [self._heard(one, loaded) for one in progress(turned, desc="mirrored", leave=None)]
            mirrored = scores.events(others, {self._words.mirrored(label) for label in shared})
        return Cell(
            task="stream",
            benchmark=self._benchmark.name,
            method=method.title,
            seed=seed,
            scores={ALL: scores.summary(straight, mirrored)},
            seconds=time.perf_counter() - begun,
            labels=tuple(sorted({*self._words.labels, *loaded.config.detector.labels})),
            details={
                **scores.details(straight),
                "timelines": [_timeline(one, what) for one, what in zip(self._recordings[:DRAWN], heard, strict=False)],
            },
        )

    @cached_property
    def _own(self) -> Store:
        """Whom the detector is run on."""
        part = f"{self._benchmark.splits[0]}/test" if self._protocol.people == "test" else None
        return self._store.select(sets=[self._benchmark.data], split=part)

    @cached_property
    def _recordings(self) -> list[Recording]:
        return streams.of(self._own, self._words, self._protocol.seed, self._protocol.minutes)

    def _run(self, method: StreamMethod, seed: int) -> FinetuneConfig | None:
        if not method.trains:
            return None
        given = self._weights if method.needs_weights else None
        streaming = method.streaming or (given is not None and given.shape.architecture == "conformer")
        run = self._protocol.training(self._benchmark.target_sets, seed, streaming=streaming)
        return started(run, method, given)

    def _material(self, method: StreamMethod, seed: int) -> Material:
        return Material(
            run=self._run(method, seed),
            calibration=self._calibration,
            store=self._store,
            weights=self._weights,
            examples=self._protocol.examples,
            folder=self._cells.folder.parent / "detectors" / self._cells.name(self.key(method, seed)),
            device=self._device,
        )

    def _heard(self, recording: Recording, loaded: LoadedDetector) -> Heard:
        with one_thread():
            found = predict(recording, ActionStream(loaded, topology=recording.topology)).actions
        return Heard(truth=recording.segments, detections=found, duration=streams.length(recording))


def _timeline(recording: Recording, heard: Heard) -> dict[str, Any]:
    """As ``pictures`` draws it: seconds from the first frame."""
    first = recording.frames[0].stamp
    cut = lambda actions: [  # noqa: E731
        [one.label, one.start - first, one.end - first] for one in actions if one.label not in (AMBIGUOUS, NONE)
    ]
    return {"name": recording.name, "end": heard.duration, "truth": cut(heard.truth), "found": cut(heard.detections)}
