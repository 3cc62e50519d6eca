"""One task of one benchmark, from a store to cells: what ``usdrl evaluate`` does.

Example::

    cells, about = evaluate(
        benchmarks.load("utd_mhad"), "few_shot", weights=[Pretrained.open("foundation")], data=Path("stores"),
        cells=Cells("out/cells"), device=torch.device("cpu"),
    )
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from usdrl_model import config
from usdrl_model.checkpoints import detector_file, provenance
from usdrl_model.data.store import Store
from usdrl_model.evaluation import benchmark as benchmarks
from usdrl_model.evaluation.benchmark import CONTINUOUS, Benchmark, Task
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.clips import fit_and_score as clips
from usdrl_model.evaluation.clips import methods as clip_methods
from usdrl_model.evaluation.networks import Method, Networks, by_title
from usdrl_model.evaluation.opened import Opened
from usdrl_model.evaluation.pretrained import Pretrained, known_people, known_recordings
from usdrl_model.evaluation.recordings import config as continuous_config
from usdrl_model.evaluation.recordings import fit_and_score as recordings
from usdrl_model.evaluation.recordings import methods as frame_methods
from usdrl_model.evaluation.recordings.config import ContinuousConfig
from usdrl_model.evaluation.result import Cell
from usdrl_model.evaluation.stream import fit_and_score as stream
from usdrl_model.evaluation.stream import methods as stream_methods
from usdrl_model.evaluation.stream.protocol import StreamProtocol
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.windows.official import TOPOLOGY

_LOG = logging.getLogger(__name__)

STREAM = "unseen_stream.yaml"
"""Settings of the task "stream"; a file next to the folder of the benchmarks."""
RECIPE = "recognition.yaml"
"""Training of a detector on clips; a file next to the folder of the benchmarks."""
SEEDS = (0, 1, 2)
DRAWS = (0, 1, 2, 3, 4)
"""Seeds of ``few_shot``, where each also draws the examples: the draw changes scores more than training does."""


def evaluate(
    benchmark: Benchmark,
    task: Task,
    *,
    weights: Sequence[Pretrained],
    data: Path,
    cells: Cells,
    device: torch.device,
    titles: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    recipe: Path | None = None,
    overrides: Sequence[str] = (),
    opened: Opened | None = None,
) -> tuple[list[Cell], dict[str, str]]:
    """Score methods on a task.

    Args:
        benchmark: with ``task``.
        task: which.
        weights: none: only what needs none; several: also what asks all of them (``fusion``); at most one for "stream".
        data: store.
        cells: stores every finished cell; cells stored before are not computed again.
        device: where to train and to score.
        titles: of methods; None: all that task and weights allow.
        seeds: None: ``SEEDS``, or ``DRAWS`` where the seed draws the examples.
        recipe: YAML file of the training, ``FinetuneConfig`` or, for a task on whole recordings, ``ContinuousConfig``
            or ``StreamProtocol``; None: the package's own.
        overrides: changes to it, ``key=value``.
        opened: the benchmark in this store, where several evaluations share it.

    Returns:
        The cells, and what else a report has to say (``report.to_markdown``).

    Raises:
        FileNotFoundError: data or recipe are not there.
        ValueError: methods, weights, recipe, data and task do not fit each other; nothing has been trained then.
    """
    if task == "transfer":
        if not weights:
            raise ValueError("transfer needs weights, made on other sets: give --weights")
        for one in weights:
            one.check_unseen(benchmark.target_sets)
    benchmark.task(task)
    opened = opened or Opened(benchmark, data)
    store = opened.checked(task)
    opened.look()
    seeds = seeds or (DRAWS if task == "few_shot" else SEEDS)
    settings = _as_labelled(_settings(benchmark, task, recipe, overrides), benchmark)
    layouts = {store.describe(index).topology for index in range(len(store))}
    official = isinstance(settings, FinetuneConfig) and layouts == {TOPOLOGY}
    told = [one.about_input(official=official) for one in weights]
    for text in filter(None, dict.fromkeys(told)):
        _LOG.log(logging.INFO if official else logging.WARNING, "%s", text)
    if isinstance(settings, StreamProtocol):
        found = stream.fit_and_score(
            benchmark, data, on_streams(titles, len(weights)), weights=weights[0] if weights else None,
            protocol=settings, seeds=seeds, cells=cells, device=device,
        )  # fmt: skip
    elif isinstance(settings, ContinuousConfig):
        networks = Networks(weights=weights, recipe=settings.recipe, people=benchmark.people, device=device)
        frame_wise = on_frames(titles, len(weights))
        networks.check(frame_wise)
        found = recordings.fit_and_score(
            benchmark, task, store, frame_wise, networks, settings=settings, seeds=seeds, cells=cells
        )
    else:
        causal = True if task == "early_prediction" else None
        networks = Networks(
            weights=weights, recipe=settings, people=benchmark.people, causal=causal, device=device, official=official
        )
        clip_wise = on_clips(benchmark, task, titles, len(weights))
        networks.check(clip_wise)
        found = clips.fit_and_score(
            benchmark, task, store, clip_wise, networks, seeds=seeds, cells=cells, examples=opened.examples
        )
    about = {
        "weights": "; ".join(
            "; ".join(filter(None, (described(one, benchmark, store), text)))
            for one, text in zip(weights, told, strict=True)
        )
        or "none",
        "recipe": " ".join([str(recipe or "of the package"), *overrides, f"({config.content_hash(settings)})"]),
        "data": f"{benchmark.data} ({store.hash})",
        "device": str(device),
    }
    return found, about


def _settings(
    benchmark: Benchmark, task: Task, recipe: Path | None, overrides: Sequence[str]
) -> FinetuneConfig | ContinuousConfig | StreamProtocol:
    """The recipe of a task, with the changes to it."""
    folder = benchmarks.folder().parent
    if task == "stream":
        return config.apply_overrides(config.load(StreamProtocol, recipe or folder / STREAM), overrides)
    if task in CONTINUOUS:
        own = config.load(ContinuousConfig, recipe) if recipe else continuous_config.of(benchmark.data)
        return config.apply_overrides(own, overrides)
    return config.apply_overrides(config.load(FinetuneConfig, recipe or folder / RECIPE), overrides)


def _as_labelled(
    settings: FinetuneConfig | ContinuousConfig | StreamProtocol, benchmark: Benchmark
) -> FinetuneConfig | ContinuousConfig | StreamProtocol:
    """The recipe without mirrored views, where a label may name a side: classes are numbers, which have no partners."""
    if isinstance(settings, StreamProtocol) or not benchmark.sides:
        return settings
    run = settings.recipe if isinstance(settings, ContinuousConfig) else settings
    if not run.augment.mirror:
        return settings
    _LOG.warning(
        "benchmark %s: augment.mirror of the recipe is left out, because a label may name a side of the body;"
        " where none does, say so in the file of the benchmark (sides: false)",
        benchmark.name,
    )
    run = dataclasses.replace(run, augment=dataclasses.replace(run.augment, mirror=0.0))
    return dataclasses.replace(settings, recipe=run) if isinstance(settings, ContinuousConfig) else run


def methods(benchmark: Benchmark, task: Task, titles: Sequence[str] | None, weights: int) -> Sequence[Method]:
    """Methods by their titles; None: all that the task and so many weights allow.

    Raises:
        ValueError: a title that no method of the task has, or several weights for "stream".
    """
    if task == "stream":
        return on_streams(titles, weights)
    return on_frames(titles, weights) if task in CONTINUOUS else on_clips(benchmark, task, titles, weights)


def on_clips(
    benchmark: Benchmark, task: Task, titles: Sequence[str] | None, weights: int
) -> tuple[clip_methods.ClipMethod, ...]:
    """``methods`` of a task that tells clips apart."""
    usual = clip_methods.usual(task, benchmark.task(task).heads, weights)
    return by_title(clip_methods.METHODS, titles) if titles else usual


def on_frames(titles: Sequence[str] | None, weights: int) -> tuple[frame_methods.FrameMethod, ...]:
    """``methods`` of a task on whole recordings."""
    return by_title(frame_methods.METHODS, titles) if titles else frame_methods.usual(weights)


def on_streams(titles: Sequence[str] | None, weights: int) -> tuple[stream_methods.StreamMethod, ...]:
    """``methods`` of the task "stream"; ValueError also for weights of several."""
    if weights > 1:
        raise ValueError(f"stream: expected weights of one encoder or detector, got {weights}: give each by itself")
    return by_title(stream_methods.METHODS, titles) if titles else stream_methods.usual(weights)


def described(weights: Pretrained, benchmark: Benchmark, store: Store) -> str:
    """Description of weights for a report: name, hash, training data, and overlap with the people of the test.

    Name and hash of a detector are those that the node tells.
    """
    sets = f"made on {provenance.summary(weights.made)}"
    alone = ""
    if weights.shape.people < benchmark.people:
        alone = f"; they see {weights.shape.people} of {benchmark.people} people, those who are there longest"
        alone += "; frozen features are of each by themselves" if weights.shape.people == 1 else ""
    people = known_people(weights, benchmark, store)
    clips = known_recordings(weights, benchmark, store)
    seen = f"; they have learnt from people of the test: {', '.join(people)}" if people else ""
    seen += f"; they have learnt from {clips} recordings of the test" if clips else ""
    name, number = weights.path, weights.hash
    if detector_file.is_detector(weights.path):
        told = detector_file.load(weights.path, "cpu").describe()
        name, number = told["weights"], told["hash"]
    return f"{name} ({number}), {sets}, by {weights.made.code}{alone}{seen}"
