"""Interface of the baselines, and what they share: checks, the device, and classes without an example.

Letters: N windows, T frames, M people, V joints, K classes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol

import torch
from torch import Tensor

from usdrl_model.windows.cut import Windows

Classifier = Callable[[Tensor], Tensor]
"""Windows (N, T, M, V, 3) -> scores (N, K), or (N, T, K) of every frame; the highest is the answer."""
Given = ParamSpec("Given")
"""What ``Fit`` and ``FitFrames`` are called with."""
ABSENT = -1e9
"""Score of a class without an example: below all others, and finite, so that scores can be averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted method."""

    scores: Classifier

    def predict(self, windows: Tensor) -> Tensor:
        """Windows (N, T, M, V, 3) -> classes (N,), or (N, T) of every frame."""
        return self.scores(windows).argmax(dim=-1)


class Fit(Protocol):
    """Fits a classifier of windows."""

    def __call__(self, windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        """Learn from windows (N, T, M, V, 3) float32 with classes y (N,) int64 of 0 to ``classes`` - 1.

        Raises:
            ValueError: no windows, other shapes, or a class that is out of range.
        """


class FitFrames(Protocol):
    """Fits a classifier of frames."""

    def __call__(self, windows: Windows, classes: int, *, seed: int) -> Classifier:
        """Learn from the frames of windows that were seen; the classifier gives (N, T, K).

        Raises:
            ValueError: no frames, or a class that is out of range.
        """


def among_present(fit: Fit) -> Fit:
    """``fit`` on the classes that have an example, renumbered without gaps; the others score ``ABSENT``."""

    @functools.wraps(fit)
    def checked(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        if windows.ndim != 5 or windows.shape[-1] != 3 or y.shape != windows.shape[:1]:
            raise ValueError(
                "expected windows (N, T, M, V, 3) with a class each,"
                f" got {tuple(windows.shape)} and classes {tuple(y.shape)}"
            )
        present, index = check_classes(y.to(windows.device), classes)
        classify = fit(windows, index, len(present), seed=seed)
        shape = windows.shape[1:]

        def scores(others: Tensor) -> Tensor:
            if others.shape[1:] != shape:
                raise ValueError(f"learned from windows {tuple(shape)}: resize {tuple(others.shape[1:])} to that shape")
            return spread(classify, present, classes)(others)

        return scores

    return checked


def on(device: torch.device, fit: Callable[Given, Classifier]) -> Callable[Given, Classifier]:
    """A baseline with its windows moved to a device."""

    def moved(*given: Given.args, **named: Given.kwargs) -> Classifier:
        there = (one.to(device) if isinstance(one, Tensor | Windows) else one for one in given)
        return fit(*there, **named)  # type: ignore[arg-type]  # the types stay the same, which mypy cannot see

    return moved


def check_classes(y: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """The classes (K,) that occur in y, of any shape, sorted, and for each element of y where among them it is.

    Raises:
        ValueError: y is empty or has a class out of range.
    """
    if not len(y):
        raise ValueError("expected examples to learn from, got none: choose more subjects or another split")
    if not 0 <= int(y.min()) <= int(y.max()) < classes:
        raise ValueError(f"expected classes of 0 to {classes - 1}, got {int(y.min())} to {int(y.max())}")
    present, index = torch.unique(y, return_inverse=True)
    return present, index


def spread(classify: Classifier, present: Tensor, classes: int) -> Classifier:
    """Scores (..., K) of the classes that are ``present`` (K,) -> of all classes, on the device of the windows."""

    @torch.no_grad()
    def scores(windows: Tensor) -> Tensor:
        found = classify(windows.to(present.device))
        everywhere = found.new_full((*found.shape[:-1], classes), ABSENT)
        everywhere[..., present] = found
        return everywhere.to(windows.device)

    return scores
