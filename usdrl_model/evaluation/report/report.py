"""Results as JSON and as Markdown: a row a method, a column a setting or a metric, what others report below.

Methods on the encoder come first, in the order given, then the baselines, then published numbers, which nobody measured
here and which are marked so. An entry is the mean over seeds, with the lowest and the highest where there are several.

    text = to_markdown(benchmark, "few_shot", cells, {"weights": "runs/mild/weights", "command": "usdrl evaluate ..."})
    page = replace_between_markers(page, "<!-- results -->", "<!-- end of results -->", results_table([...]))
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from usdrl_model.config import to_dict
from usdrl_model.evaluation.benchmark import TASKS, Benchmark, Published, Task
from usdrl_model.evaluation.report.names import (
    METRICS,
    SECONDARY,
    TITLES,
    decimals,
    is_baseline,
    metric_title,
    setting_title,
)
from usdrl_model.evaluation.report.rows import Column, Row, columns, rows
from usdrl_model.evaluation.result import ALL, Cell, made_with
from usdrl_model.files.documents import finite
from usdrl_model.files.markdown import table

COMMAND = "command"
"""Key of ``about`` whose value is shown as a command line."""
MISSING = "-"


def to_json(benchmark: Benchmark, task: Task, cells: Sequence[Cell], about: Mapping[str, str]) -> dict[str, Any]:
    """Everything that is known, ready for ``json.dumps(..., allow_nan=False)``: the table and the cells under it.

    Raises:
        ValueError: see ``rows`` and ``made_with``; or a task that the benchmark does not have.
    """
    settings = benchmark.task(task)
    table = []
    for row in rows(benchmark, task, cells):
        scores: dict[str, dict[str, Any]] = {}
        for (setting, metric), values in row.values.items():
            entry = {"mean": math.fsum(values) / len(values), "lowest": min(values), "highest": max(values)}
            scores.setdefault(setting, {})[metric] = {**entry, "seeds": len(values)}
        table.append(
            {
                "method": row.method,
                "baseline": is_baseline(row.method),
                "seeds": list(row.seeds),
                "seconds": finite(row.seconds),
                "scores": scores,
            }
        )
    return {
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "data": benchmark.data,
        "protocol": list(benchmark.splits),
        "task": task,
        "metric": settings.metric,
        "about": dict(about) | _made(cells),
        "table": table,
        "published": [to_dict(one) for one in settings.published],
        "cells": [finite(cell.to_dict()) for cell in cells],
    }


def to_markdown(benchmark: Benchmark, task: Task, cells: Sequence[Cell], about: Mapping[str, str]) -> str:
    """A page: what was evaluated and how to repeat it, the table, published numbers, what the metrics are.

    Args:
        benchmark: what was evaluated.
        task: one of its tasks.
        cells: of this task and benchmark.
        about: what else is to be known (weights, device, commit ...), in this order; ``COMMAND`` is the command line.

    Raises:
        ValueError: see ``rows`` and ``made_with``; or a task that the benchmark does not have.
    """
    settings, shown = benchmark.task(task), columns(benchmark, task, cells)
    labels = max((cell.labels for cell in cells), key=len, default=())
    facts = {
        "benchmark": f"{benchmark.title} ({benchmark.name})",
        "protocol": ", ".join(benchmark.splits),
        **({"classes": str(len(labels))} if labels else {}),
        **_clips(task, cells),
        **({"note": benchmark.note} if benchmark.note else {}),
        **{key: value for key, value in about.items() if key != COMMAND},
        **_made(cells),
    }
    lines = [f"# {TITLES[task]}: {benchmark.title}", ""]
    lines.append(table(["", ""], [[key, value] for key, value in facts.items()]))
    if about.get(COMMAND):
        lines += ["", "```", about[COMMAND], "```"]
    heads = [_column_title(task, column, settings.metric, len(shown) > 1) for column in shown]
    body = [_measured(row, shown) for row in rows(benchmark, task, cells)]
    lines += ["", "## Measured", "", table(["method", *heads, "seeds", "seconds"], body)]
    lines += _folds(benchmark, task, cells)
    if settings.published:
        lines += ["", "## Published", "", "Not measured here; taken over from others, as the notes say.", ""]
        quoted = [_published(one, shown, settings.metric) for one in settings.published]
        lines.append(table(["method", *heads, "note"], quoted))
    units = "Scores are in percent where the lines below give no other unit."
    lines += ["", f"{units} With several seeds: the mean (the lowest to the highest)."]
    if len(shown) > 1 and not settings.settings:
        lines += ["Methods are compared by the metric in bold."]
    lines += ["", *_notes(metric for _, metric in shown)]
    return "\n".join(lines).rstrip() + "\n"


def results_table(results: Sequence[tuple[Benchmark, Task, Sequence[Cell]]]) -> str:
    """Many results in little space: a section a task, a row a benchmark and method, without ``SECONDARY`` metrics.

    Raises:
        ValueError: see ``rows`` and ``made_with``.
    """
    _made([cell for *_, cells in results for cell in cells])
    lines: list[str] = []
    for task in TASKS:
        of_task = [(benchmark, cells) for benchmark, name, cells in results if name == task]
        if not of_task:
            continue
        main = {benchmark.task(task).metric for benchmark, _ in of_task}
        every = dict.fromkeys(column for benchmark, cells in of_task for column in columns(benchmark, task, cells))
        shown = [(setting, metric) for setting, metric in every if metric in main or metric not in SECONDARY]
        body = []
        for benchmark, cells in of_task:
            body += [[benchmark.title, *_measured(row, shown)] for row in rows(benchmark, task, cells)]
            for one in benchmark.task(task).published:
                method, *values, note = _published(one, shown, benchmark.task(task).metric)
                body.append([benchmark.title, f"*{method} (published; {note})*", *values, MISSING, MISSING])
        heads = [_column_title(task, column, "", len(shown) > 1) for column in shown]
        lines += [f"### {TITLES[task]}", ""]
        lines += [table(["benchmark", "method", *heads, "seeds", "seconds"], body), ""]
        lines += [*_notes(metric for _, metric in shown), ""]
    return "\n".join(lines).rstrip() + "\n"


def _made(cells: Sequence[Cell]) -> dict[str, str]:
    """What made the cells of a page; nothing where there are none."""
    if not cells:
        return {}
    code, days = made_with(cells)
    return {"made by": str(code), "made on": days}


def _measured(row: Row, shown: Sequence[Column]) -> list[str]:
    """A line of a table of measured scores."""
    entries = [_entry(row.values.get(column, ()), column[1]) for column in shown]
    seconds = f"{row.seconds:.{1 if row.seconds < 10.0 else 0}f}" if math.isfinite(row.seconds) else MISSING
    return [row.method, *entries, str(len(row.seeds)), seconds]


def _published(one: Published, shown: Sequence[Column], metric: str) -> list[str]:
    """A line of a table of published scores, the note last."""
    column = (one.setting or ALL, one.metric or metric)
    return [one.method, *(_entry([one.value] if column == other else [], other[1]) for other in shown), one.note]


def _entry(values: Sequence[float], metric: str) -> str:
    if not values:
        return MISSING
    places = decimals(metric)
    mean = f"{math.fsum(values) / len(values):.{places}f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.{places}f} to {max(values):.{places}f})"


def _clips(task: Task, cells: Sequence[Cell]) -> dict[str, str]:
    """How many clips were learnt from and scored, as far as the cells say."""
    folds: Mapping[str, Mapping[str, Mapping[str, float]]]
    folds = next((cell.details["folds"] for cell in cells if cell.details.get("folds")), {})
    facts = {}
    for key, name in (("train", "training clips"), ("test", "test clips")):
        counts = {
            setting: _range([int(values[key]) for values in of_split.values() if key in values])
            for setting, of_split in folds.items()
        }
        if len(set(counts.values())) > 1:
            facts[name] = "; ".join(f"{count} ({setting_title(task, setting)})" for setting, count in counts.items())
        elif any(counts.values()):
            facts[name] = next(iter(counts.values()))
    return facts


def _range(counts: Sequence[int]) -> str:
    """One count as it is, several as "50 to 62 in each of 5 splits"."""
    if len(counts) < 2:
        return "".join(map(str, counts))
    low, high = min(counts), max(counts)
    return f"{low}{f' to {high}' if high > low else ''} in each of {len(counts)} splits"


def _folds(benchmark: Benchmark, task: Task, cells: Sequence[Cell]) -> list[str]:
    """A section with the scores of each split in the task's metric, where there are several."""
    if len(benchmark.splits) < 2:
        return []
    metric, (setting, _) = benchmark.task(task).metric, columns(benchmark, task, cells)[-1]
    values: dict[str, dict[str, list[float]]] = {}
    for cell in cells:
        for split, scores in cell.details.get("folds", {}).get(setting, {}).items():
            if metric in scores:
                values.setdefault(cell.method, {}).setdefault(split, []).append(scores[metric])
    if not values:
        return []
    of = f", {setting_title(task, setting)}," if setting != ALL else ""
    body = [
        [method, *(_entry(values[method].get(split, ()), metric) for split in benchmark.splits)]
        for method in sorted(values, key=is_baseline)
    ]
    return ["", f"## Splits: {metric_title(metric)}{of} one by one", "", table(["method", *benchmark.splits], body)]


def _column_title(task: str, column: Column, main: str, bold: bool) -> str:
    setting, metric = column
    if setting != ALL:
        return setting_title(task, setting)
    return f"**{metric_title(metric)}**" if bold and metric == main else metric_title(metric)


def _notes(metrics: Iterable[str]) -> list[str]:
    """A line a metric, or one for several that differ in a number."""
    titles: dict[str, list[str]] = {}
    for metric in dict.fromkeys(metrics):
        if metric in METRICS:
            title, meaning = METRICS[metric]
            titles.setdefault(meaning, []).append(title)
    return [f"- {', '.join(names)}: {meaning}." for meaning, names in titles.items()]
