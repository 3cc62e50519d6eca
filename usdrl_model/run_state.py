"""What a training run leaves in its folder: a state to resume from, and its losses as numbers and as a picture.

A state is replaced in one step: after a crash, a full disk or ``kill -9`` at any moment, the folder holds the last one
that was complete.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from usdrl_model.atomic_file import write_bytes

STATE = "training.pt"
SMOOTH = 25
"""Steps that the thick line of the picture averages over."""


class RunState:
    """The state file of a run folder."""

    def __init__(self, out: Path, config: str) -> None:
        """``config`` is a hash of the configuration and its data; a run can only be resumed with its own."""
        self.path, self._config = out / STATE, config

    def check(self, resume: bool) -> None:
        """Refuse to overwrite a run, and to resume one that is not there.

        Raises:
            FileExistsError: the folder holds a run and ``resume`` is off.
            FileNotFoundError: ``resume`` without a run.
        """
        if resume and not self.path.exists():
            raise FileNotFoundError(f"{self.path}: no run to resume")
        if not resume and self.path.exists():
            raise FileExistsError(
                f"{self.path.parent} holds a run already: go on with --resume, or choose another folder"
            )

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the state.

        Raises:
            OSError: it could not be written; the one before is still there.
        """
        content = io.BytesIO()
        torch.save({"config": self._config, **state}, content)
        write_bytes(self.path, content.getvalue())

    def load(self) -> dict[str, Any]:
        """What was saved last, on the CPU, without anything that could run code.

        Raises:
            ValueError: it was made with another configuration, or on other data.
        """
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        if state["config"] != self._config:
            raise ValueError(
                f"{self.path} was made with another configuration or other data: use those, or another folder"
            )
        return dict(state)


def schedule(step: int, steps: int, warm_up: float) -> float:
    """Share of the configured learning rate: a linear rise to all of it, then a cosine that is 0 after the last step.

    The two follow each other: the last step of the warm-up, and it alone, has the configured rate.
    """
    rising = warm_up_steps(steps, warm_up)
    fallen = max(0, step + 1 - rising) / max(1, steps + 1 - rising)
    return risen(step, steps, warm_up) * 0.5 * (1.0 + float(np.cos(np.pi * fallen)))


def risen(step: int, steps: int, warm_up: float) -> float:
    """Share of the configured learning rate that a linear warm-up has reached; 1 from its last step on."""
    return min(1.0, (step + 1) / warm_up_steps(steps, warm_up))


def warm_up_steps(steps: int, warm_up: float) -> int:
    """Steps of a warm-up over a share of all; the last of them has the configured rate, so there is always one."""
    return max(1, round(warm_up * steps))


def write_losses(losses: Mapping[str, Sequence[float]], out: Path) -> None:
    """``loss.csv`` with a column for each name and a row for each step, and ``loss.png`` with a panel for each name."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    with (out / "loss.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *losses])
        writer.writerows((step, *values) for step, values in enumerate(zip(*losses.values(), strict=True)))
    figure, panels = pyplot.subplots(
        len(losses), figsize=(7, 1.5 + 2.0 * len(losses)), layout="constrained", sharex=True, squeeze=False
    )
    for axes, (name, values) in zip(panels[:, 0], losses.items(), strict=True):
        axes.plot(values, linewidth=0.4, alpha=0.5)
        window = np.ones(SMOOTH) / SMOOTH
        smooth = np.convolve(values, window, mode="valid") if len(values) >= SMOOTH else np.asarray(values)
        axes.plot(np.arange(len(smooth)) + (len(values) - len(smooth)) / 2, smooth)
        axes.set(ylabel=name)
    panels[-1, 0].set(xlabel="step")
    figure.savefig(out / "loss.png", dpi=120)
    pyplot.close(figure)
