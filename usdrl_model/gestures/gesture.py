"""A gesture: what it is called, the features of its examples, and from which score on it is recognised.

Letters: E examples, D features of the encoder, C features after the transform of the background, N windows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from usdrl_model.errors.shown import shown
from usdrl_model.gestures.background import Background, unit

MOST_EXAMPLES = 10
FALSE_SHARE = 1e-3
"""Share of the background's windows that may reach the threshold."""
LEAST, BEYOND = 0.72, 0.5
"""Threshold of a gesture that is like nothing in the background, and how much is added of what the background reaches
beyond it: some thousand windows of other recordings say little of what will be seen in front of the robot, and may show
the gesture itself (docs/gestures.md)."""
_LABEL = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """Where one example of a gesture came from."""

    source: str
    """Recording, or person in front of the robot, and time."""
    seconds: float
    """How long it takes."""
    topology: str
    """Joint set of the tracker."""


@dataclass(frozen=True, slots=True, eq=False)
class Gesture:
    """An enrolled gesture; ``enrol`` makes one."""

    label: str
    weights: str
    """SHA-256 of the weights whose features these are."""
    examples: tuple[Example, ...]
    features: np.ndarray
    """(E, D)."""
    threshold: float
    """Least cosine with the prototype at which a window shows the gesture."""
    spread: float
    """Standard deviation of the cosine over the background: one unit of the score."""

    @property
    def seconds(self) -> float:
        """Median length of the examples."""
        return sorted(example.seconds for example in self.examples)[len(self.examples) // 2]

    def prototype(self, background: Background) -> np.ndarray:
        """(C,) of length 1: the mean of the examples."""
        return prototype(background(self.features))


def enrol(label: str, examples: tuple[Example, ...], features: np.ndarray, background: Background) -> Gesture:
    """A gesture from the features (E, D) of its examples.

    Raises:
        ValueError: a label that is no word, no examples or more than ``MOST_EXAMPLES``, or of two joint sets.
    """
    check_label(label)
    if not 1 <= len(examples) <= MOST_EXAMPLES:
        raise ValueError(f"{label}: expected 1 to {MOST_EXAMPLES} examples, got {len(examples)}")
    sets = sorted({example.topology for example in examples})
    if len(sets) > 1:
        raise ValueError(
            f"{label}: expected examples of one joint set, got {', '.join(map(shown, sets))}: remove the gesture, or"
            " enrol another one"
        )
    others = background.negatives @ prototype(background(features))
    reached = float(np.quantile(others, 1.0 - FALSE_SHARE))
    return Gesture(
        label=label,
        weights=background.weights,
        examples=examples,
        features=features,
        threshold=LEAST + BEYOND * max(0.0, reached - LEAST),
        spread=float(others.std(ddof=1)),
    )


def prototype(embedded: np.ndarray) -> np.ndarray:
    """(E, C) -> (C,) of length 1."""
    return unit(embedded.mean(axis=0))


def is_label(name: str) -> bool:
    """Whether a gesture may be called so: the label names a folder and a topic."""
    return _LABEL.fullmatch(name) is not None


def check_label(label: str) -> None:
    """Raise ValueError for what ``is_label`` refuses."""
    if not is_label(label):
        raise ValueError(f"label: expected 1 to 64 letters, digits and underscores, got {shown(label)}")
