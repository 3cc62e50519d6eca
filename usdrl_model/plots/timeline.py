"""Timelines: true above predicted actions, a group of rows per person or recording, time to the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usdrl_model.metrics.events import Detection
from usdrl_model.plots.figure import blank_figure
from usdrl_model.skeleton.segments import Interval, Segment, in_order

COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""Colour-blind safe colours (Petroff 2021), one per label in the order of the labels."""
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++")
"""The next one after every ten labels, when the colours begin again."""
INCHES_A_ROW = 0.42
WIDTH = 14.0
CHARACTER = 0.068
"""Inches of a character of a label inside its bar; a bar too narrow for it goes without, the legend says it."""
LEGEND = 20
"""Labels in a column of the legend."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture."""

    name: str
    actions: Sequence[Interval]
    end: float | None = None
    """Stamp after which there is no recording; None where the row lasts as long as the picture."""


def draw_timeline(
    path: str | Path,
    rows: Sequence[Row],
    labels: Sequence[str],
    *,
    start: float,
    end: float,
    title: str,
    group: int = 2,
) -> None:
    """Save a picture of actions over time.

    Args:
        path: the file to write.
        rows: from top to bottom, for example ``Row("1 truth", [...]), Row("1 detected", [...])``.
        labels: labels in the order of their colours.
        start: stamp at the left edge, seconds; the axis counts from it.
        end: stamp at the right edge, seconds.
        title: above the picture.
        group: rows that belong together, between two lines.
    """
    from matplotlib.patches import Patch

    figure = blank_figure(WIDTH, 1.6 + INCHES_A_ROW * len(rows))
    axes = figure.add_subplot()
    index = {label: place for place, label in enumerate(labels)}
    length = max(end - start, 1e-3)
    shown: set[str] = set()
    for place, row in enumerate(rows):
        if row.end is not None and row.end < end:
            axes.barh(place, end - row.end, left=row.end - start, height=1.0, color="0.9")
        for action in in_order(row.actions):  # so that what is drawn last, on top, is what a frame shows
            # An action of a single frame, or an instant, would not be seen.
            width = max(action.end - action.start, length / 400)
            style = _style(index[action.label])
            axes.barh(place, width, left=action.start - start, height=0.8, linewidth=0.3, **style)
            shown.add(action.label)
            if width / length * 0.8 * WIDTH > CHARACTER * len(action.label):
                centre = action.start - start + width / 2
                box = {"facecolor": style["facecolor"], "linewidth": 0, "pad": 1.0} if style["hatch"] else None
                axes.text(
                    centre,
                    place,
                    action.label,
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=readable_on(style["facecolor"]),
                    bbox=box,
                    clip_on=True,
                )
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)  # nobody may do anything
    axes.set_xlim(0.0, length)
    axes.set_xlabel("seconds")
    axes.set_title(title)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    for place in range(group, len(rows), group):
        axes.axhline(place - 0.5, color="black", linewidth=0.5)
    handles = [Patch(**_style(index[label]), linewidth=0.3, label=label) for label in labels if label in shown]
    if handles:
        columns = -(-len(handles) // LEGEND)
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, ncols=columns)
    figure.savefig(path, dpi=110)


def truth_above_detection(truth: Sequence[Segment], found: Sequence[Detection]) -> list[Row]:
    """Rows for ``draw_timeline``: two a person, people in the order of their ids."""
    names = {segment.person for segment in truth} | {action.person for action in found}
    people = sorted(names, key=lambda name: (len(name), name))
    rows: list[Row] = []
    for person in people:
        rows.append(Row(f"{person} truth", [segment for segment in truth if segment.person == person]))
        rows.append(Row(f"{person} detected", [action for action in found if action.person == person]))
    return rows


def readable_on(colour: str) -> str:
    """Black or white, the one with the higher contrast on a colour ("#rrggbb")."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def _style(index: int) -> dict[str, Any]:
    """How a bar of the label with this index looks."""
    hatch = HATCHES[index // len(COLOURS) % len(HATCHES)]
    return {"facecolor": COLOURS[index % len(COLOURS)], "edgecolor": "black" if hatch else "white", "hatch": hatch}
