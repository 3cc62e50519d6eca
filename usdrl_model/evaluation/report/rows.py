"""Cells -> rows and columns of a table: a row a method over its seeds, a column a setting or a metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from usdrl_model.evaluation.benchmark import Benchmark, Task
from usdrl_model.evaluation.report.names import is_baseline
from usdrl_model.evaluation.result import ALL, Cell, setting_name

Column = tuple[str, str]
"""Setting and metric."""


@dataclass(frozen=True, slots=True)
class Row:
    """One method over its seeds."""

    method: str
    values: Mapping[Column, tuple[float, ...]]
    """Finite values, one a seed that has one."""
    seeds: tuple[int, ...]
    seconds: float
    """Mean over seeds."""


def rows(benchmark: Benchmark, task: Task, cells: Sequence[Cell]) -> list[Row]:
    """The methods in the order of the table.

    Raises:
        ValueError: a cell of another benchmark or task, or two of the same method and seed.
    """
    by_method: dict[str, dict[int, Cell]] = {}
    for cell in cells:
        if (cell.benchmark, cell.task) != (benchmark.name, task):
            raise ValueError(f"expected cells of {benchmark.name} {task}, got one of {cell.benchmark} {cell.task}")
        if cell.seed in by_method.setdefault(cell.method, {}):
            raise ValueError(f"{benchmark.name} {task}: two cells of {cell.method} with seed {cell.seed}: keep one")
        by_method[cell.method][cell.seed] = cell
    return [_row(method, by_method[method]) for method in sorted(by_method, key=is_baseline)]


def columns(benchmark: Benchmark, task: Task, cells: Iterable[Cell]) -> list[Column]:
    """What a table shows: the settings in the task's own metric, or all metrics where the task has no settings."""
    about = benchmark.task(task)
    scores = [pair for cell in cells for pair in cell.scores.items()]
    settings = dict.fromkeys([*map(setting_name, about.settings), *(setting for setting, _ in scores)])
    if set(settings) - {ALL}:
        return [(setting, about.metric) for setting in settings]
    metrics = [metric for _, values in scores for metric in values]
    quoted = [one.metric or about.metric for one in about.published]
    return [(ALL, metric) for metric in dict.fromkeys([*metrics, about.metric, *quoted])]


def _row(method: str, cells: Mapping[int, Cell]) -> Row:
    values: dict[Column, tuple[float, ...]] = {}
    for cell in cells.values():
        for setting, scores in cell.scores.items():
            for metric, value in scores.items():
                if value is not None and math.isfinite(value):
                    values[setting, metric] = (*values.get((setting, metric), ()), value)
    seconds = math.fsum(cell.seconds for cell in cells.values()) / len(cells)
    return Row(method, values, tuple(sorted(cells)), seconds)
