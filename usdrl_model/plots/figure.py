"""Figures that no global state of pyplot knows, so that drawing changes nothing in a user's own pictures."""

from __future__ import annotations

from typing import Any


def blank_figure(width: float, height: float) -> Any:
    """An empty figure with a constrained layout, of which every text is shown as it is; inches."""
    # matplotlib is imported where it draws: without it, all the rest works.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    class PlainFigure(Figure):
        def draw(self, renderer: Any) -> None:
            for text in self.findobj(Text):
                text.set_parse_math(False)  # names are anybody's: what stands between two $ is no formula
            super().draw(renderer)

    figure = PlainFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
