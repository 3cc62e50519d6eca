"""Suites as files: ``config/suites/NAME.yaml`` lists pretrainings and the evaluations that use them.

A suite with ``leave_out`` is a pattern: its evaluations name no benchmark, and ``written_out`` makes them for each of
those benchmarks, with models that never saw its set.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

from usdrl_model import config
from usdrl_model.errors.nearest import hint
from usdrl_model.evaluation import benchmark as benchmarks
from usdrl_model.evaluation.benchmark import Benchmark, Task
from usdrl_model.evaluation.evaluate import methods
from usdrl_model.evaluation.networks import Method
from usdrl_model.training.pretraining.config import PretrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Pretraining:
    """A pretrained model of the suite, one for each seed."""

    config: str
    """File beside the folder of the suites."""
    changes: tuple[str, ...] = ()
    """To the file: ``key=value``, as after ``usdrl pretrain``."""
    init_from: str = ""
    """Pretraining of the suite whose weights it starts from, in the place of those that the file names."""
    teacher: str = ""
    """Pretraining of the suite that it is distilled from, likewise."""
    without: tuple[str, ...] = ()
    """Sets that are removed from ``data.sets``."""

    @property
    def before(self) -> tuple[str, ...]:
        """Pretrainings of the suite that must be finished before it begins."""
        return tuple(filter(None, (self.init_from, self.teacher)))

    def load(self, seed: int, weights: Callable[[str], Path] = Path) -> PretrainConfig:
        """The run of a seed.

        Args:
            seed: of everything random.
            weights: name of another pretraining of the suite -> its weights.

        Raises:
            ValueError, OSError: as of ``config.load``; and with ``without``, no set is named or left, or the run begins
                with weights from elsewhere, which may know these sets.
        """
        run = config.load(PretrainConfig, benchmarks.folder().parent / self.config)
        run = config.apply_overrides(run, (*self.changes, f"seed={seed}"))
        elsewhere = {"init_from": (self.init_from, run.init_from), "teacher": (self.teacher, run.teacher)}
        for key, (name, path) in elsewhere.items():
            if path and self.without and not name:
                raise ValueError(
                    f"{self.config}: {key}: {path} may know {', '.join(self.without)}: name a pretraining of the suite"
                    f" ({key}: NAME), or change it to {key}=''"
                )
        run = dataclasses.replace(
            run,
            init_from=str(weights(self.init_from)) if self.init_from else run.init_from,
            teacher=str(weights(self.teacher)) if self.teacher else run.teacher,
        )
        if not self.without:
            return run
        left = tuple(name for name in run.data.sets if name not in self.without)
        if not left:
            raise ValueError(
                f"{self.config}: data.sets: expected the sets to pretrain on, of which {', '.join(self.without)} can be"
                f" left out; got {list(run.data.sets)}"
            )
        return dataclasses.replace(run, data=dataclasses.replace(run.data, sets=left))


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """One task of one benchmark."""

    benchmark: str = ""
    """Empty in a suite with ``leave_out`` alone."""
    task: Task
    weights: tuple[str, ...] = ()
    """Names of pretrainings; several: methods may ask all of them (``fusion``); none: methods that need none."""
    methods: tuple[str, ...] = ()
    """Empty: all that task and weights allow."""
    recipe: str = ""
    """File beside the folder of the suites; empty: the usual one of the task."""
    changes: tuple[str, ...] = ()
    """To that file: ``key=value``."""
    prefix: str = ""
    """Before the names of methods that start from weights, to tell them from those of other weights."""

    @property
    def title(self) -> str:
        """Name in messages and after ``--only``."""
        return f"{self.benchmark}/{self.task}"

    def name(self, method: Method) -> str:
        """Name of a method in the tables, behind the prefix where it starts from weights."""
        return f"{self.prefix}: {method.title}" if self.prefix and method.needs_weights else method.title

    def checked(self, benchmark: Benchmark) -> Sequence[Method]:
        """Its methods; ValueError for what its benchmark, the task or the methods do not allow."""
        benchmark.task(self.task)
        chosen = methods(benchmark, self.task, self.methods, len(self.weights))
        if self.task == "transfer" and not self.weights:
            raise ValueError(f"{self.title}: weights: transfer needs some, made on other sets")
        return chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """What a table of results is made of."""

    seeds: tuple[int, ...] = (0, 1, 2)
    pretraining: dict[str, Pretraining] = field(default_factory=dict)
    evaluations: tuple[Evaluation, ...]
    leave_out: tuple[str, ...] = ()
    """Benchmarks whose sets are left out of every pretraining, one after another."""
    columns: Literal["metrics", "sets"] = "metrics"
    """Columns of the tables of the page; with ``leave_out``, sets."""

    def __post_init__(self) -> None:
        """Raise ValueError for a suite that cannot be run."""
        if not self.seeds or not self.evaluations:
            raise ValueError("expected at least one of seeds and of evaluations")
        for name, pretraining in self.pretraining.items():
            if unknown := [before for before in pretraining.before if before not in self.pretraining]:
                raise ValueError(f"pretraining.{name}: {unknown} are not among {list(self.pretraining)}")
        try:
            TopologicalSorter({name: one.before for name, one in self.pretraining.items()}).prepare()
        except CycleError as error:
            circle = " before ".join(error.args[1])
            raise ValueError(f"pretraining: expected an order in which they can begin, got {circle}") from None
        for one in self.evaluations:
            if self.leave_out and one.benchmark:
                raise ValueError(
                    f"{one.title}: with leave_out, expected no benchmark, because each gets the evaluation"
                )
            if unknown := [name for name in one.weights if name not in self.pretraining]:
                raise ValueError(f"{one.title}: weights: {unknown} are not among {list(self.pretraining)}")
        if not self.leave_out:
            self._check_rows()

    def _check_rows(self) -> None:
        """Raise ValueError for an evaluation that cannot be, and where two rows of a table would have one name."""
        loaded = {name: benchmarks.load(name) for name in dict.fromkeys(one.benchmark for one in self.evaluations)}
        rows: set[tuple[str, str]] = set()
        for one in self.evaluations:
            for method in one.checked(loaded[one.benchmark]):
                row = one.title, one.name(method)
                if row in rows:
                    apart = ", or give each a prefix of its own" if method.needs_weights else ""
                    raise ValueError(
                        f"{': '.join(row)}: in two evaluations, whose scores nobody could tell apart: leave it out of"
                        f" one{apart}"
                    )
                rows.add(row)

    def only(self, titles: Iterable[str]) -> Suite:
        """The evaluations ``benchmark/task`` with one of these titles.

        Raises:
            ValueError: a title that the suite does not have.
        """
        wanted, there = set(titles), [one.title for one in self.evaluations]
        if unknown := sorted(wanted - set(there)):
            names, known = ", ".join(unknown), ", ".join(dict.fromkeys(there))
            raise ValueError(f"not in the suite: {names}{hint(unknown[0], there)} There are: {known}")
        return dataclasses.replace(self, evaluations=tuple(one for one in self.evaluations if one.title in wanted))

    def written_out(self) -> Suite:
        """With ``leave_out``, the suite that names every benchmark, each with pretrainings of its own.

        An evaluation is left out where the benchmark lacks the task.

        Raises:
            ValueError: an evaluation that a benchmark does not allow.
        """
        if not self.leave_out:
            return self
        pretraining: dict[str, Pretraining] = {}
        evaluations: list[Evaluation] = []
        for name in self.leave_out:
            benchmark = benchmarks.load(name)
            own = {key: f"{key}_without_{benchmark.data}" for key in self.pretraining}
            for key, one in self.pretraining.items():
                pretraining[own[key]] = dataclasses.replace(
                    one,
                    without=benchmark.target_sets,
                    init_from=own.get(one.init_from, ""),
                    teacher=own.get(one.teacher, ""),
                )
            for each in self.evaluations:
                if each.task in benchmark.tasks:
                    weights = tuple(own[key] for key in each.weights)
                    prefix = each.prefix or " ".join(each.weights)
                    evaluations.append(dataclasses.replace(each, benchmark=name, weights=weights, prefix=prefix))
        return Suite(seeds=self.seeds, pretraining=pretraining, evaluations=tuple(evaluations), columns="sets")


def load(name: str | Path) -> Suite:
    """A suite by name, or from a file of one's own.

    Raises:
        ValueError: no suite of this name, or a file that is none.
        FileNotFoundError: the file is not there.
    """
    return config.load(Suite, config.located(name, "suites", "suite"))
