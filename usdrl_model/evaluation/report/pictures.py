"""Pictures of what cells hold: confusions, classes, precision over recall, scores over settings, timelines.

    for path in write_pictures(cells, "out/utd_mhad/recognition"):
        print(path)

What is drawn from, in ``Cell.details`` (a cell that lacks one goes without that picture):

- ``confusion``: {setting: K rows of K counts}, a row a true class. Drawn for the last setting, seeds added up.
- ``precision_recall``: {label: {"precision": [...], "recall": [...]}}, shares, in any order. Of the first seed.
- ``timelines``: [{"name": ..., "end": ..., "truth": [[label, start, end], ...], "found": [[label, start, end], ...]}],
  seconds from the beginning of the recording. Of the first seed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from usdrl_model.evaluation.benchmark import CONTINUOUS
from usdrl_model.evaluation.report import charts
from usdrl_model.evaluation.report.names import SETTINGS, TITLES, is_baseline, metric_title, setting_title
from usdrl_model.evaluation.result import ALL, Cell
from usdrl_model.metrics.average_precision import Curve
from usdrl_model.plots.timeline import Row, draw_timeline
from usdrl_model.skeleton.segments import Segment

RECORDINGS = 8
"""Recordings that timelines show, evenly spread over all that there are."""


def write_pictures(cells: Sequence[Cell], folder: str | Path) -> list[Path]:
    """Draw what the details of cells make possible; PNG files in ``folder``, which is made if need be.

    Args:
        cells: of one task and benchmark; methods and seeds in any number.
        folder: where the files go; files of the same names are replaced.

    Returns:
        The files, in the order in which a reader wants them.

    Raises:
        ValueError: cells of several tasks or benchmarks, methods that do not have the same labels, or a confusion that
            does not fit them.
        ImportError: matplotlib is not installed.
    """
    if not cells:
        return []
    kinds = sorted({f"{cell.benchmark} {cell.task}" for cell in cells})
    if len(kinds) > 1:
        raise ValueError(f"expected cells of one benchmark and task, got {', '.join(kinds)}: draw each by itself")
    if len({cell.labels for cell in cells if cell.labels}) > 1:
        raise ValueError(f"{kinds[0]}: expected the same labels, in the same order, in every cell")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    methods: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (is_baseline(cell.method), cell.seed)):
        methods.setdefault(cell.method, []).append(cell)
    return [
        *_curves(methods, folder),
        *_timelines(methods, folder),
        *_classes(methods, folder),
        *_precision_recall(methods, folder),
        *_confusions(methods, folder),
    ]


def _curves(methods: Mapping[str, list[Cell]], folder: Path) -> list[Path]:
    first = _first(methods)
    if first.task not in SETTINGS:
        return []
    name, factor, _ = SETTINGS[first.task]
    metric = next(iter(first.scores[next(iter(first.scores))]))
    curves: dict[str, dict[float, list[float]]] = {}
    for method, cells in methods.items():
        for cell in cells:
            for setting, scores in cell.scores.items():
                if setting != ALL and metric in scores:
                    points = curves.setdefault(method, {})
                    points.setdefault(factor * float(setting), []).append(scores[metric])
    if not curves:
        return []
    chance = 100.0 / len(first.labels) if first.labels and metric == "accuracy" else None
    path = folder / f"{first.task}.png"
    dashed = [method for method in curves if is_baseline(method)]
    y = f"{metric_title(metric)}, %"
    charts.draw_curves(path, curves, title=_title(first), x=name, y=y, dashed=dashed, chance=chance)
    return [path]


def _timelines(methods: Mapping[str, list[Cell]], folder: Path) -> list[Path]:
    shown = {method: cells[0] for method, cells in methods.items() if cells[0].details.get("timelines")}
    if not shown:
        return []
    recordings = {method: {one["name"]: one for one in cell.details["timelines"]} for method, cell in shown.items()}
    first = next(iter(recordings.values()))
    names = [name for name in first if all(name in of_method for of_method in recordings.values())]
    chosen = [names[index] for index in np.unique(np.linspace(0, len(names) - 1, RECORDINGS).round().astype(int))]
    rows = []
    for name in chosen:
        end = float(first[name]["end"])
        rows.append(Row(f"{name}  truth", _segments(first[name]["truth"]), end))
        rows += [Row(method, _segments(of_method[name]["found"]), end) for method, of_method in recordings.items()]
    cell = next(iter(shown.values()))
    of = f"{len(chosen)} of {len(names)} recordings" if len(chosen) < len(names) else f"{len(names)} recording(s)"
    there = {action.label for row in rows for action in row.actions}
    path = folder / "timelines.png"
    draw_timeline(
        path,
        rows,
        sorted(there, key=cell.labels.index),
        start=0.0,
        end=max(row.end or 0.0 for row in rows),
        title=f"{_title(cell)}, seed {cell.seed}, {of}",
        group=1 + len(shown),
    )
    return [path]


def _classes(methods: Mapping[str, list[Cell]], folder: Path) -> list[Path]:
    """The best method on the encoder beside the best baseline, class by class."""
    values = {method: _class_scores(cells) for method, cells in methods.items()}
    known = {method: row for method, row in values.items() if row is not None and not np.isnan(row).all()}
    if not known:
        return []
    best: dict[bool, str] = {}
    for method, row in known.items():
        kind = is_baseline(method)
        if kind not in best or np.nanmean(row) > np.nanmean(known[best[kind]]):
            best[kind] = method
    path = folder / "classes.png"
    cell = _first(methods)
    chosen = {best[kind]: known[best[kind]].tolist() for kind in sorted(best)}
    title = f"{_title(cell)}{_last_setting(cell)}"
    charts.draw_bars(path, chosen, cell.labels, title=title, x=_class_score_name(cell))
    return [path]


def _precision_recall(methods: Mapping[str, list[Cell]], folder: Path) -> list[Path]:
    paths = []
    for method, cells in methods.items():
        if curves := _curves_of(cells[0]):
            path = folder / f"precision_recall_{_slug(method)}.png"
            title = f"{_title(cells[0])}: {method}, seed {cells[0].seed}"
            charts.draw_precision_recall(path, curves, title)
            paths.append(path)
    return paths


def _confusions(methods: Mapping[str, list[Cell]], folder: Path) -> list[Path]:
    paths = []
    for method, cells in methods.items():
        counts = _confusion(cells)
        if counts is not None:
            path = folder / f"confusion_{_slug(method)}.png"
            seeds = f", {len(cells)} seeds added up" if len(cells) > 1 else ""
            title = f"{_title(cells[0])}{_last_setting(cells[0])}: {method}{seeds}"
            charts.draw_confusion(path, counts, cells[0].labels, title)
            paths.append(path)
    return paths


def _confusion(cells: Sequence[Cell]) -> np.ndarray | None:
    """(K, K) counts of the last setting over all seeds; None where a seed has none."""
    if not all(cell.details.get("confusion") for cell in cells):
        return None
    return np.sum([charts.square(list(cell.details["confusion"].values())[-1], cell.labels) for cell in cells], axis=0)


def _class_scores(cells: Sequence[Cell]) -> np.ndarray | None:
    """(K,) in percent, nan where a class has none: average precision, else F1 of frames, else accuracy of clips."""
    if curves := _curves_of(cells[0]):
        return np.array(
            [100.0 * curves[label].average_precision if label in curves else np.nan for label in cells[0].labels]
        )
    counts = _confusion(cells)
    if counts is None:
        return None
    true, found = counts.sum(axis=1), counts.sum(axis=0)
    whole = (true + found) / 2 if cells[0].task in CONTINUOUS else true
    return 100.0 * np.divide(np.diag(counts), whole, out=np.full(len(counts), np.nan), where=whole > 0)


def _class_score_name(cell: Cell) -> str:
    if cell.details.get("precision_recall"):
        return "average precision, %"
    return "F1 of the frames of the class, %" if cell.task in CONTINUOUS else "accuracy of the clips of the class, %"


def _curves_of(cell: Cell) -> dict[str, Curve]:
    """Class -> its curve, with rising recall."""
    curves = {}
    for label, one in cell.details.get("precision_recall", {}).items():
        precision, recall = np.asarray(one["precision"], float), np.asarray(one["recall"], float)
        order = np.argsort(recall, kind="stable")
        curves[label] = Curve(precision[order], recall[order])
    return curves


def _segments(actions: Sequence[tuple[str, float, float]]) -> list[Segment]:
    return [Segment("", label, float(start), float(end)) for label, start, end in actions]


def _first(methods: Mapping[str, list[Cell]]) -> Cell:
    return next(iter(methods.values()))[0]


def _title(cell: Cell) -> str:
    return f"{cell.benchmark}, {TITLES.get(cell.task, cell.task).lower()}"


def _last_setting(cell: Cell) -> str:
    """The setting whose confusion is drawn, as the end of a title; empty where there are no settings."""
    last = list(cell.details.get("confusion") or cell.scores)[-1]
    return "" if last == ALL else f", {setting_title(cell.task, last)}"


def _slug(method: str) -> str:
    """A method as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "_", method.lower()).strip("_")
