"""Charts of scores: arrays and names in, a file out (PNG, or SVG, PDF: the ending of its name decides).

Colours are told apart with any kind of colour vision, and never say alone what a chart says: lines have markers,
matrices have numbers, bars have names.

K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from usdrl_model.metrics.average_precision import Curve
from usdrl_model.plots.figure import blank_figure
from usdrl_model.plots.timeline import COLOURS

DPI = 110
CHARACTER = 0.62
"""Width of a character, as a share of the size of its font."""
LISTED = 12
"""Confused pairs that are listed beside the matrix."""
SMALLEST_FONT = 4.5
"""Points; a count that would need a smaller font is left out of the matrix."""
SHADE = {"facecolor": "white", "linewidth": 0, "alpha": 0.7, "pad": 0.3}
"""Behind numbers that a line may cross."""
MARKERS = "osD^vPX<>*"
NAMED = 3
"""Best and worst classes that precision-recall curves name; the others are grey."""
RECALL = np.linspace(0.0, 1.0, 101)
"""Where the mean of precision-recall curves is taken."""


def draw_confusion(path: str | Path, counts: np.ndarray, labels: Sequence[str], title: str) -> None:
    """A confusion matrix: colours are shares of the true class, numbers are counts, the worst pairs are listed.

    Args:
        path: the file to write.
        counts: (K, K), a row a true class, a column a found one.
        labels: K names.
        title: above the picture.

    Raises:
        ValueError: ``counts`` does not fit ``labels``.
    """
    counts, K = square(counts, labels), len(labels)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    cell = max(float(np.clip(9.0 / K, 0.2, 0.7)), 2.2 / K)
    text = float(np.clip(cell * 72 * 0.62, 6.0, 10.0))
    side = K * cell
    figure = blank_figure(side, side)
    figure.set_layout_engine(None)  # the matrix fills the figure; what is around it is added when it is saved
    axes, bar = figure.add_axes((0, 0, 1, 1)), figure.add_axes((1 + 0.2 / side, 0.1, 0.15 / side, 0.8))
    image = axes.imshow(np.ma.masked_invalid(shares), cmap=_blues(), vmin=0.0, vmax=1.0, interpolation="nearest")
    names = [f"{label} ({total})" for label, total in zip(labels, totals[:, 0], strict=True)]
    axes.set_yticks(range(K), names, fontsize=text)
    axes.set_xticks(range(K), labels, fontsize=text, rotation=90)
    axes.set(xlabel="found", ylabel="true (how many)")
    axes.set_xticks(np.arange(K + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(K + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.4)
    axes.tick_params(which="minor", length=0)
    digits = len(str(counts.max(initial=0)))
    font = min(10.0, cell * 72 * 0.55, cell * 72 / (CHARACTER * digits))
    for true, found in np.argwhere(counts > 0) if font >= SMALLEST_FONT else ():
        colour = "white" if shares[true, found] > 0.55 else "black"
        axes.text(found, true, counts[true, found], ha="center", va="center", fontsize=font, color=colour)
    figure.colorbar(image, cax=bar, label="share of the true class")
    axes.set_title(title, loc="left", pad=12)
    axes.text(1 + 1.0 / side, 1.0, _confused(counts, labels), va="top", fontsize=9, transform=axes.transAxes)
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.15)


def square(counts: Any, labels: Sequence[str]) -> np.ndarray:
    """A confusion matrix (K, K) of K labels.

    Raises:
        ValueError: another shape.
    """
    matrix, K = np.asarray(counts), len(labels)
    if matrix.shape != (K, K):
        raise ValueError(f"expected a confusion matrix of {K} x {K} counts, one a label, got shape {matrix.shape}")
    return matrix


def draw_bars(
    path: str | Path, values: Mapping[str, Sequence[float]], labels: Sequence[str], *, title: str, x: str
) -> None:
    """A group of horizontal bars a class, the best of the first method on top, with the means as dashed lines.

    Args:
        path: the file to write.
        values: method -> K values in percent; nan where a class has none.
        labels: K names.
        title: above the picture.
        x: name of the axis.
    """
    table = np.asarray([list(row) for row in values.values()], dtype=float)
    order = np.argsort(-np.nan_to_num(table[0], nan=-1.0), kind="stable")
    height = 0.8 / len(values)
    figure = blank_figure(9.0, 1.8 + len(labels) * (0.13 + 0.13 * len(values)))
    axes = figure.add_subplot()
    for place, (method, row) in enumerate(zip(values, table, strict=True)):
        colour = COLOURS[place]
        y = np.arange(len(labels)) + (place - (len(values) - 1) / 2) * height
        known = not np.isnan(row).all()
        name = f"{method} (mean {np.nanmean(row):.1f})" if known else method
        axes.barh(y, np.nan_to_num(row[order]), height=0.92 * height, color=colour, label=name)
        for at, value in zip(y, row[order], strict=True):
            shown = "-" if np.isnan(value) else f"{value:.0f}"
            axes.text(np.nan_to_num(value) + 0.8, at, shown, va="center", fontsize=7, bbox=SHADE)
        if known:
            axes.axvline(np.nanmean(row), color=colour, linestyle="--", linewidth=1.2, zorder=0)
    axes.set_yticks(range(len(labels)), [labels[index] for index in order], fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0.0, 106.0)
    axes.set(xlabel=x, title=title)
    axes.set_xticks(range(0, 101, 20))
    figure.legend(loc="outside lower center", ncols=len(values), fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=DPI)


def draw_precision_recall(path: str | Path, curves: Mapping[str, Curve], title: str) -> None:
    """Precision over recall: the best and the worst classes by name, the others grey, and their mean.

    The curves are interpolated as average precision is: the best precision at this recall or a higher one.

    Args:
        path: the file to write.
        curves: class -> its curve, at least one.
        title: above the picture.
    """
    areas = {label: curve.average_precision for label, curve in curves.items()}
    order = sorted(areas, key=lambda label: -areas[label])
    named = order if len(order) <= 2 * NAMED else order[:NAMED] + order[-NAMED:]
    steps = {label: _interpolated(curve) for label, curve in curves.items()}
    figure = blank_figure(8.5, 5.5)
    axes = figure.add_subplot()
    for label in order:
        if label not in named:
            axes.plot(RECALL, _ending(steps[label]), color="0.8", linewidth=0.7)
    for place, label in enumerate(named):
        style = "-" if place < NAMED else "--"
        axes.plot(RECALL, _ending(steps[label]), style, color=COLOURS[place], linewidth=1.6, marker=MARKERS[place],
                  markevery=(place, 14), markersize=5, label=f"{label} ({100 * areas[label]:.0f})")  # fmt: skip
    mean = 100 * float(np.mean(list(areas.values())))
    shape = np.mean(list(steps.values()), axis=0)
    axes.plot(RECALL, shape, color="black", linewidth=3.0, label=f"mean of {len(areas)} ({mean:.0f})")
    axes.set(xlabel="recall", ylabel="precision", title=title, xlim=(0.0, 1.0), ylim=(0.0, 1.03))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", title="class (average precision, %)", fontsize=8)
    figure.savefig(path, dpi=DPI)


def draw_curves(
    path: str | Path,
    curves: Mapping[str, Mapping[float, Sequence[float]]],
    *,
    title: str,
    x: str,
    y: str,
    dashed: Sequence[str] = (),
    chance: float | None = None,
) -> None:
    """Scores over a setting: a line through the means of each method, a band from the lowest to the highest seed.

    Args:
        path: the file to write.
        curves: method -> setting -> a score a seed, in percent.
        title: above the picture.
        x: name of the setting.
        y: name of the score.
        dashed: methods with dashed lines.
        chance: score of guessing, in percent.
    """
    figure = blank_figure(9.0, 5.2)
    axes = figure.add_subplot()
    settings: set[float] = set()
    for place, (method, points) in enumerate(curves.items()):
        at = sorted(points)
        settings.update(at)
        colour = COLOURS[place % len(COLOURS)]
        axes.fill_between(
            at, [min(points[a]) for a in at], [max(points[a]) for a in at], color=colour, alpha=0.2, linewidth=0
        )
        axes.plot(at, [float(np.mean(points[a])) for a in at], color=colour, linewidth=1.4 if method in dashed else 2.2,
                  linestyle="--" if method in dashed else "-", marker=MARKERS[place % len(MARKERS)], markersize=5,
                  label=method)  # fmt: skip
    if chance is not None:
        axes.axhline(chance, color="0.4", linestyle=":", linewidth=1.5, label=f"chance ({chance:.1f})")
    axes.set(xlabel=x, ylabel=y, title=title, ylim=(0.0, 102.0))
    axes.set_xticks(sorted(settings))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=DPI)


def _blues() -> Any:
    from matplotlib import colormaps

    return colormaps["Blues"].with_extremes(bad="0.93")


def _confused(counts: np.ndarray, labels: Sequence[str]) -> str:
    """Accuracy, and the pairs with the most mistakes, a line each."""
    total = int(counts.sum())
    wrong = np.where(np.eye(len(labels), dtype=bool), 0, counts)
    lines = [
        f"right: {int(np.trace(counts))} of {total}" + (f" ({100 * np.trace(counts) / total:.1f} %)" if total else "")
    ]
    pairs = [divmod(int(flat), len(labels)) for flat in np.argsort(-wrong, axis=None, kind="stable")[:LISTED]]
    rows = [
        f"{labels[true]} \N{RIGHTWARDS ARROW} {labels[found]}: {wrong[true, found]} of {counts[true].sum()}"
        for true, found in pairs
        if wrong[true, found]
    ]
    return "\n".join([*lines, "", "most confused (true \N{RIGHTWARDS ARROW} found):", *(rows or ["nothing"])])


def _interpolated(curve: Curve) -> np.ndarray:
    """(101,) best precision at ``RECALL`` or more; 0 beyond the highest recall."""
    reached = curve.recall[None] >= RECALL[:, None] - 1e-9
    return np.where(reached, curve.precision[None], 0.0).max(axis=1, initial=0.0)


def _ending(curve: np.ndarray) -> np.ndarray:
    """The curve without its zeros: a line that stops says more than one along the axis."""
    return np.where(curve > 0.0, curve, np.nan)
