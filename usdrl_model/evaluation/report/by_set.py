"""Tables of a suite that leaves sets out: a row a method, a column a benchmark, and their mean.

Example::

    print(tables(suite.run(...)))
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from usdrl_model.evaluation.benchmark import TASKS, Benchmark, Task
from usdrl_model.evaluation.report.names import (
    METRICS,
    SECONDARY,
    TITLES,
    decimals,
    is_baseline,
    metric_title,
    setting_title,
)
from usdrl_model.evaluation.report.rows import Column, columns, rows
from usdrl_model.evaluation.result import ALL, Cell
from usdrl_model.files.markdown import table

MISSING = "-"
MEAN = "**mean**"


def tables(results: Sequence[tuple[Benchmark, Task, Sequence[Cell]]]) -> str:
    """A section a task and metric, in Markdown; entries are means over seeds.

    A method has a mean only where it has every benchmark of the table, so that means can be compared.

    Raises:
        ValueError: see ``rows``.
    """
    lines: list[str] = []
    for task in TASKS:
        scores = scored([result for result in results if result[1] == task])
        names = list(dict.fromkeys(name for by_method in scores.values() for row in by_method.values() for name in row))
        for (setting, metric), by_method in scores.items():
            of = f", {setting_title(task, setting)}" if setting != ALL else ""
            methods = sorted(by_method, key=is_baseline)
            body = [[method, *_entries(by_method[method], names, decimals(metric))] for method in methods]
            lines += [f"### {TITLES[task]}{of}: {metric_title(metric)}", ""]
            lines += [table(["method", *names, MEAN], body), ""]
            if metric in METRICS:
                lines += [f"{METRICS[metric][1][0].upper()}{METRICS[metric][1][1:]}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def scored(
    results: Sequence[tuple[Benchmark, Task, Sequence[Cell]]],
) -> dict[Column, dict[str, dict[str, float]]]:
    """Setting and metric -> method -> benchmark -> mean over seeds, of results of one task; errors as ``rows``."""
    found: dict[Column, dict[str, dict[str, float]]] = {}
    for benchmark, task, cells in results:
        for column in columns(benchmark, task, cells):
            if column[1] in SECONDARY:
                continue
            for row in rows(benchmark, task, cells):
                if values := row.values.get(column):
                    by_method = found.setdefault(column, {}).setdefault(row.method, {})
                    by_method[benchmark.name] = math.fsum(values) / len(values)
    return found


def _entries(row: Mapping[str, float], names: Sequence[str], places: int) -> list[str]:
    mean = f"**{math.fsum(row.values()) / len(row):.{places}f}**" if set(row) == set(names) else MISSING
    return [*(f"{row[name]:.{places}f}" if name in row else MISSING for name in names), mean]
