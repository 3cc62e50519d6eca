"""Tables of results as files: pretrains and evaluates what ``config/suites/NAME.yaml`` says, and writes the page.

Every seed is a whole experiment: its own pretraining, and everything that is trained on top of it. Pretrained models
and cells are kept in one folder, so that a suite can be stopped and goes on where it was.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch

from usdrl_model import config
from usdrl_model.checkpoints import code_version, config_file, detector_file, stored_model
from usdrl_model.checkpoints.code_version import CodeVersion
from usdrl_model.checkpoints.provenance import summary
from usdrl_model.data.store import Store
from usdrl_model.evaluation import benchmark as benchmarks
from usdrl_model.evaluation.benchmark import Benchmark, Task
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.evaluate import evaluate, methods
from usdrl_model.evaluation.opened import Opened
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.report import by_set, report
from usdrl_model.evaluation.result import Cell, made_with
from usdrl_model.evaluation.stream import methods as stream_methods
from usdrl_model.evaluation.suite_file import Evaluation, Suite
from usdrl_model.progress import progress
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining import run_data, train
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.run_data import Pools
from usdrl_model.training.run_folder import begun

Result = tuple[Benchmark, Task, Sequence[Cell]]


def run(
    suite: Suite,
    data: Path,
    out: Path,
    device: torch.device,
    *,
    keep_pretrained: bool = False,
    given: Pretrained | None = None,
) -> list[Result]:
    """Pretrain, evaluate, and return the cells of every task of every benchmark, however many evaluations they are of.

    Args:
        suite: what to do, ``written_out``.
        data: store; all of its benchmarks' sets have to be there.
        out: folder for pretrained models and cells; what is finished in it is taken from there.
        device: where to train and to score.
        keep_pretrained: take models in ``out`` that other code pretrained; without it they are an error.
        given: weights that take the place of all pretrained ones; then only the methods that start from weights.

    Raises:
        ValueError, FileNotFoundError: data are missing or do not fit, models in ``out`` are of other code, or the given
            weights know the data of an evaluation; nothing has been trained then.
    """
    if given is not None:
        suite = _with_given(suite, given)
    for name in dict.fromkeys(one.benchmark for one in suite.evaluations):
        opened = Opened(benchmarks.load(name), data)
        for task in dict.fromkeys(one.task for one in suite.evaluations if one.benchmark == name):
            opened.checked(task)
    if not keep_pretrained and given is None:
        _check_code(pretrained_by(suite, out))
    weights = dict.fromkeys(_places(suite, out), given) if given else _all_pretrained(suite, data, out, device)
    _check_left_out(suite, weights)
    results: dict[tuple[str, Task], tuple[Benchmark, Task, list[Cell]]] = {}
    with progress(suite.evaluations, desc="suite", unit="evaluation") as bar:
        for one in bar:
            bar.set_postfix_str(one.title)
            of_seed = {seed: [weights[name, seed] for name in one.weights] for seed in suite.seeds}
            benchmark = benchmarks.load(one.benchmark)
            if opened.benchmark != benchmark:  # what is kept of the one before is large
                opened = Opened(benchmark, data)
            benchmark, task, cells = _evaluated(one, suite.seeds, of_seed, data, opened, Cells(out / "cells"), device)
            results.setdefault((benchmark.name, task), (benchmark, task, []))[2].extend(cells)
    return list(results.values())


def pretrained_by(suite: Suite, out: Path) -> dict[Path, CodeVersion]:
    """Folder -> the code that made it, of the suite's pretrained models that are in ``out``."""
    folders = [place / "weights" for place in _places(suite, out).values()]
    return {folder: config_file.provenance(folder).code for folder in folders if stored_model.finished(folder)}


def page(
    suite: Suite,
    results: Sequence[Result],
    *,
    command: str,
    device: torch.device,
    pretrained: Iterable[CodeVersion] = (),
    given: Pretrained | None = None,
) -> str:
    """The results as Markdown, with everything that decides them.

    Args:
        suite: what was done.
        results: of ``run``.
        command: that repeats it.
        device: where it was done.
        pretrained: what made the pretrained models, to be said where that is other code.
        given: as for ``run``.

    Raises:
        ValueError: cells that different code made.
    """
    seeds = ", ".join(map(str, suite.seeds))
    code, days = made_with(cell for *_, cells in results for cell in cells)
    others = dict.fromkeys(str(one) for one in pretrained if one.hash != code.hash)
    about = [
        f"`{command}`",
        "",
        f"Made by {code}; suite {config.content_hash(suite)}, seeds {seeds}, {device}, {days}.",
        *(["", f"Weights {given.path} ({given.hash}), made on {summary(given.made)}."] if given else []),
        *(["", f"The pretrained models are older: made by {'; '.join(others)}."] if others else []),
    ]
    tables = by_set.tables if suite.columns == "sets" else report.results_table
    return "\n".join([*about, "", tables(results)])


def _evaluated(
    one: Evaluation,
    seeds: Sequence[int],
    weights: dict[int, list[Pretrained]],
    data: Path,
    opened: Opened,
    cells: Cells,
    device: torch.device,
) -> Result:
    """Methods on pretrained weights with the weights of each seed, all others with every seed."""
    benchmark = opened.benchmark
    first = weights[seeds[0]]
    chosen = methods(benchmark, one.task, one.methods, len(first))
    recipe = benchmarks.folder().parent / one.recipe if one.recipe else None
    titles = [method.title for method in chosen]
    trained = [method.title for method in chosen if method.needs_weights]
    others = [method.title for method in chosen if not method.needs_weights]
    found: list[Cell] = []
    parts: list[tuple[list[Pretrained], list[str], list[int]]] = []
    if trained and all(model == first for model in weights.values()):  # given ones: the seed draws examples alone
        parts.append((first, trained, list(seeds)))
    elif trained:
        parts += [(weights[seed], trained, [seed]) for seed in weights]
    parts += [(first, others, list(seeds))] if others else []
    for model, some, with_seeds in parts:
        found += evaluate(
            benchmark,
            one.task,
            weights=model,
            data=data,
            cells=cells,
            device=device,
            titles=some,
            seeds=with_seeds,
            recipe=recipe,
            overrides=one.changes,
            opened=opened,
        )[0]
    names = {method.title: one.name(method) for method in chosen}
    found = sorted(found, key=lambda cell: titles.index(cell.method))
    return benchmark, one.task, [dataclasses.replace(cell, method=names[cell.method]) for cell in found]


def _with_given(suite: Suite, given: Pretrained) -> Suite:
    """The methods that start from weights, with given ones, which may not know the sets of the benchmarks.

    A method is taken from the first of the evaluations that differ in their weights alone. Those of another recipe, or
    of other changes to it, keep prefixes of their own where rows would else have one name.
    """
    kept: list[Evaluation] = []
    done: set[tuple[Evaluation, str]] = set()
    for one in suite.evaluations:
        benchmark = benchmarks.load(one.benchmark)
        given.check_unseen(benchmark.target_sets, one.title)
        chosen = methods(benchmark, one.task, one.methods, len(one.weights))
        if one.task == "stream" and detector_file.is_detector(given.path):
            chosen = (stream_methods.Given(),)
        trained = [method.title for method in chosen if method.needs_weights]
        alike = dataclasses.replace(one, weights=(), methods=(), prefix="")
        if new := tuple(title for title in trained if (alike, title) not in done):
            done |= {(alike, title) for title in new}
            kept.append(dataclasses.replace(one, methods=new))
    if not kept:
        raise ValueError("none of these evaluations takes weights: choose others with --only")
    rows = Counter((one.title, method) for one in kept for method in one.methods)
    name = Path(given.path).name

    def prefix(one: Evaluation) -> str:
        alone = all(rows[one.title, method] == 1 for method in one.methods)
        return name if alone else f"{name} {one.prefix}".strip()

    return dataclasses.replace(suite, evaluations=tuple(dataclasses.replace(one, prefix=prefix(one)) for one in kept))


def _places(suite: Suite, out: Path) -> dict[tuple[str, int], Path]:
    """Name and seed -> run folder, of every model that is pretrained for the evaluations, in the order of the work."""
    names: dict[str, None] = {}

    def add(name: str) -> None:
        for before in suite.pretraining[name].before:
            add(before)
        names.setdefault(name)

    for one in suite.evaluations:
        for name in one.weights:
            add(name)
    return {(name, seed): _place(out, name, seed) for name in names for seed in suite.seeds}


def _place(out: Path, name: str, seed: int) -> Path:
    return out / "pretraining" / f"{name}-{seed}"


def _weights(out: Path, seed: int) -> Callable[[str], Path]:
    return lambda name: _place(out, name, seed) / "weights"


def _check_left_out(suite: Suite, weights: Mapping[tuple[str, int], Pretrained]) -> None:
    """Refuse, in a suite that leaves sets out, weights that know the set of their evaluation; ValueError names both."""
    for one in suite.evaluations:
        for (name, _), model in weights.items():
            if name in one.weights and suite.columns == "sets":
                model.check_unseen(benchmarks.load(one.benchmark).target_sets, one.title)


def _check_code(made: Mapping[Path, CodeVersion]) -> None:
    """Refuse pretrained models of other code; ValueError names them."""
    current = code_version.current()
    others = {path: code for path, code in made.items() if code.hash != current.hash}
    if others:
        path, code = next(iter(others.items()))
        raise ValueError(
            f"{path}{f' and {len(others) - 1} more' if len(others) > 1 else ''}: pretrained by {code}; what runs is"
            f" {current}: choose another --out to pretrain again, or take them with --keep-pretrained; the page says so"
        )


def _all_pretrained(suite: Suite, data: Path, out: Path, device: torch.device) -> dict[tuple[str, int], Pretrained]:
    """Name and seed -> the model."""
    store, pools, found = Store.open(data), Pools(), {}
    for (name, seed), place in _places(suite, out).items():
        run_of_seed = suite.pretraining[name].load(seed, _weights(out, seed))
        found[name, seed] = _pretrained(run_of_seed, store, pools, place, device)
    return found


def _pretrained(run: PretrainConfig, store: Store, pools: Pools, out: Path, device: torch.device) -> Pretrained:
    """The model of a run; trained where ``out`` does not hold it yet, or not to the end."""
    clips = run_data.chosen(run, store)
    pool = pools.pool(run, clips)
    if not stored_model.finished(out / "weights"):
        command, alone = f"usdrl benchmark, {out.name}", Processes(0, 1, device)
        train.train_and_save(run, clips, pool, out, alone, command=command, resume=begun(out))
    else:
        train.run_state(run, pool, out).load()  # refuses what another configuration or other clips made
    return Pretrained.open(out / "weights")
