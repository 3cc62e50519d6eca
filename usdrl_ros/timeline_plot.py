"""A picture of truth above detection, one pair of rows a person, time along the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from usdrl_model.metrics import Detection
from usdrl_model.recording import Segment

COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17becf", "#7f7f7f",
    "#aec7e8", "#ffbb78", "#98df8a", "#ff9896", "#c5b0d5", "#c49c94", "#f7b6d2", "#dbdb8d", "#9edae5", "#c7c7c7",
)  # fmt: skip
"""One a label, in the order of the labels; they repeat after twenty."""
INCHES_A_ROW = 0.42
WIDTH = 14.0
NARROW = 0.025
"""Share of the page's time under which a bar is too narrow for its name; the legend says it."""


def draw_timeline(
    path: str | Path,
    rows: Sequence[tuple[str, Sequence[Segment | Detection]]],
    labels: Sequence[str],
    *,
    start: float,
    end: float,
    title: str,
) -> None:
    """Save a PNG of actions over time.

    Args:
        path: the file to write.
        rows: (name, actions) from top to bottom, for example ``("1 truth", [...]), ("1 detected", [...])``.
        labels: labels in the order of their colours.
        start: stamp at the left edge, seconds; the axis counts from it.
        end: stamp at the right edge, seconds.
        title: above the picture.
    """
    figure = Figure(figsize=(WIDTH, 1.6 + INCHES_A_ROW * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours = {label: COLOURS[index % len(COLOURS)] for index, label in enumerate(labels)}
    length = max(end - start, 1e-3)
    shown: set[str] = set()
    for row, (_, actions) in enumerate(rows):
        for action in actions:
            # An action of a single frame would not be seen.
            width = max(action.end - action.start, length / 1000)
            axes.barh(row, width, left=action.start - start, height=0.8, color=colours[action.label])
            shown.add(action.label)
            if width > NARROW * length:
                centre = action.start - start + width / 2
                axes.text(centre, row, action.label, ha="center", va="center", fontsize=7, color="white", clip_on=True)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0.0, length)
    axes.set_xlabel("seconds")
    axes.set_title(title)
    axes.grid(axis="x", alpha=0.3)
    for row in range(2, len(rows), 2):
        axes.axhline(row - 0.5, color="black", linewidth=0.5)
    handles = [Patch(color=colours[label], label=label) for label in labels if label in shown]
    if handles:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    figure.savefig(path, dpi=110)


def truth_above_detection(
    truth: Sequence[Segment], found: Sequence[Detection], prefix: str = ""
) -> list[tuple[str, Sequence[Segment | Detection]]]:
    """Rows for ``draw_timeline``: two a person, people in the order of their ids."""
    names = {segment.person for segment in truth} | {action.person for action in found}
    people = sorted(names, key=lambda name: (len(name), name))
    rows: list[tuple[str, Sequence[Segment | Detection]]] = []
    for person in people:
        rows.append((f"{prefix}{person} truth", [segment for segment in truth if segment.person == person]))
        rows.append((f"{prefix}{person} detected", [action for action in found if action.person == person]))
    return rows
