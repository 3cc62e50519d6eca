"""Loss terms of every step, and the detection of collapse, which ends a run before it overwrites a good state."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from usdrl_model.training.pretraining.losses import VARIANCE_FLOOR

EXPLODED = 1e4
"""A loss above it counts as diverged (official)."""
VANISHED = VARIANCE_FLOOR**0.5
"""Features whose standard deviation (``Objective.spread``) is below it have collapsed."""
PATIENCE = 20
"""Steps in a row that features may be collapsed."""
SPREAD = "spread of "
"""Prefix of the names of spreads."""


class CollapseError(FloatingPointError):
    """The loss is not finite or exploded, or the features are the same for all clips."""


class LossLog:
    """Numbers of every step by name; they stay on the device until ``read``, so that steps need not wait for them."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        """Name -> a number for each step that was read."""
        self._names: list[str] = []
        self._rows: list[Tensor] = []

    def add(self, row: Mapping[str, Tensor]) -> None:
        """The scalars of one step: ``loss``, its terms, and spreads."""
        self._names = list(row)
        self._rows.append(torch.stack([value.detach().float() for value in row.values()]))

    def read(self) -> None:
        """Fetch the numbers from the device.

        Raises:
            CollapseError: the message says in which step, and what did it.
        """
        if not self._rows:
            return
        rows, self._rows = torch.stack(self._rows).tolist(), []
        for row in rows:
            for name, value in zip(self._names, row, strict=True):
                self.values.setdefault(name, []).append(value)
            self._check()

    @property
    def last(self) -> dict[str, float]:
        """The numbers of the newest step that was read."""
        return {name: values[-1] for name, values in self.values.items()}

    def _check(self) -> None:
        last, step = self.last, len(self.values["loss"]) - 1
        terms = {name: value for name, value in last.items() if name not in ("loss", "gradient norm")}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
        broken = [name for name, value in last.items() if not math.isfinite(value)]
        if broken:
            raise CollapseError(f"step {step}: {', '.join(broken)} not finite ({shown}): lower learning_rate")
        if last["loss"] > EXPLODED:
            largest = max(terms, key=lambda name: terms[name])
            raise CollapseError(
                f"step {step}: loss {last['loss']:.4g} is above {EXPLODED:g}, most of it {largest} ({shown}):"
                " lower learning_rate"
            )
        for name in terms:
            recent = self.values[name][-PATIENCE:]
            if name.startswith(SPREAD) and len(recent) == PATIENCE and max(recent) < VANISHED:
                raise CollapseError(
                    f"step {step}: the {name.removeprefix(SPREAD)} features of all clips have become the same"
                    f" ({shown}): give the terms that keep them apart more weight, or lower learning_rate"
                )
