"""A picture of the losses of a training run, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO

import numpy as np

from usdrl_model.plots.figure import blank_figure

SMOOTH = 25
"""Steps of the moving average."""


def draw_losses(file: IO[bytes], losses: Mapping[str, Sequence[float]]) -> None:
    """Write a picture (PNG) with a panel for each name: the value of every step, and their moving average."""
    figure = blank_figure(7.0, 1.5 + 2.0 * len(losses))
    panels = figure.subplots(len(losses), sharex=True, squeeze=False)
    for axes, (name, values) in zip(panels[:, 0], losses.items(), strict=True):
        axes.plot(values, linewidth=0.4, alpha=0.5)
        window = np.ones(SMOOTH) / SMOOTH
        smooth = np.convolve(values, window, mode="valid") if len(values) >= SMOOTH else np.asarray(values)
        axes.plot(np.arange(len(smooth)) + (len(values) - len(smooth)) / 2, smooth)
        axes.set(ylabel=name)
    panels[-1, 0].set(xlabel="step")
    figure.savefig(file, format="png", dpi=120)
