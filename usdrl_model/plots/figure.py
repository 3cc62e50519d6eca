"""Figures that no global state of pyplot knows, so that drawing changes nothing in a user's own pictures."""

from __future__ import annotations

from typing import Any


def blank_figure(width: float, height: float) -> Any:
    """An empty figure with a constrained layout; inches."""
    # matplotlib is imported where it draws: without it, all the rest works.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
