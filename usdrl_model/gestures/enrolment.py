"""Enrols a gesture: examples in, or taken back, a stored gesture out, and what to know about it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.errors.shown import shown
from usdrl_model.gestures import library
from usdrl_model.gestures.background import Background, identity
from usdrl_model.gestures.examples import Shown
from usdrl_model.gestures.gesture import Example, Gesture, check_label, enrol, prototype
from usdrl_model.inference import load
from usdrl_model.states.person import STATES

SURE = 0.5
"""Posterior at which the detector itself takes an example for one of its actions."""
LEFT_OUT = 0.5
"""Seconds of movement before the window of an example from which on it is warned of."""
SAME = 1e-3
"""Distance of the features of two examples, as a share of their length, below which they are one: of two takes by one
person it is 0.05 and more."""
ROUNDING = 1e-4
"""Difference of a stored threshold from the computed one that is none."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A gesture that was stored."""

    gesture: Gesture
    warnings: tuple[str, ...]
    """What may confuse it; each is a sentence without a full stop."""

    def __str__(self) -> str:
        """One line."""
        count = len(self.gesture.examples)
        line = f"{self.gesture.label}: {count} example{'s' if count > 1 else ''} of {self.gesture.seconds:.1f} s"
        return "; ".join([line, *(f"warning: {one}" for one in self.warnings)])


def add(
    folder: Path,
    label: str,
    examples: Sequence[Shown],
    detector: LoadedDetector,
    background: Background,
    *,
    patience: float = library.PATIENCE,
) -> Enrolled:
    """Add examples to the gesture ``label`` below ``folder``, which is made where there is none.

    Args:
        folder: of the gestures.
        label: of the gesture.
        examples: of it.
        detector: by whose features of windows gestures are told.
        background: of the same weights.
        patience: seconds to wait for another process that changes the gestures.

    Raises:
        ValueError: a label that is no word, an action of the detector or a state, too many examples, one that is there
            already, examples of another joint set, or gestures of other weights; nothing is stored then.
        OSError: it could not be written, or another process changes the gestures for longer than ``patience``.
    """
    check_new(label, dict.fromkeys(detector.config.detector.labels, detector.name))
    with library.alone(folder, patience):  # what another one adds after they were read would be lost
        enrolled = _enrolled(folder, label, examples, detector, background)
        library.write(folder, enrolled.gesture)
    return enrolled


def take_back(
    folder: Path,
    label: str,
    number: int,
    detector: LoadedDetector,
    background: Background,
    *,
    patience: float = library.PATIENCE,
) -> tuple[Example, Enrolled]:
    """Remove one example of the gesture ``label`` below ``folder``; what is left is as if it had never been added.

    Args:
        folder: of the gestures.
        label: of the gesture.
        number: of the example, from 1.
        detector: as of ``add``.
        background: as of ``add``.
        patience: as of ``add``.

    Returns:
        The example, and the gesture that is left, whose others have other numbers now.

    Raises:
        FileNotFoundError: no such gesture.
        ValueError: no such example, the only one, or a gesture that is damaged or of other weights.
        OSError: as ``add``; the gesture is as it was before then.
    """
    library.read(folder, label)  # before a folder is made
    with library.alone(folder, patience):
        before = library.read(folder, label)
        library.check_weights([before], identity(detector), folder)
        count = len(before.examples)
        if not 1 <= number <= count:
            raise ValueError(f"{label}: expected an example from 1 to {count}, got {number}: see usdrl gestures list")
        if count == 1:
            raise ValueError(f"{label}: example 1 is the only one: usdrl gestures remove {label} removes the gesture")
        examples = list(before.examples)
        taken = examples.pop(number - 1)
        own = _own_threshold(before, background)
        left = enrol(label, tuple(examples), np.delete(before.features, number - 1, axis=0), background)
        if own is not None:
            left = dataclasses.replace(left, threshold=own)
        library.write(folder, left)
    return taken, Enrolled(left, (*_unlike(left, background), *_other_threshold(own)))


def _enrolled(
    folder: Path, label: str, examples: Sequence[Shown], detector: LoadedDetector, background: Background
) -> Enrolled:
    """What ``add`` stores; ValueError as there."""
    there = library.read_all(folder, identity(detector))
    if len(there) >= library.MOST_GESTURES and label not in [one.label for one in there]:
        raise ValueError(f"{folder}: expected at most {library.MOST_GESTURES} gestures: remove one first")
    windows = np.stack([example.window for example in examples])
    features = load.features(detector, windows)
    before = next((one for one in there if one.label == label), None)
    kept = before.examples if before else ()
    everything = np.concatenate([before.features, features]) if before else features
    gesture = enrol(label, (*kept, *(example.example for example in examples)), everything, background)
    _check_new_examples(gesture, len(examples))
    own = _own_threshold(before, background) if before else None
    if own is not None:
        gesture = dataclasses.replace(gesture, threshold=own)
    others = [one for one in there if one.label != label]
    warnings = (
        *_like_gestures(gesture, others, background),
        *_like_actions(detector, windows),
        *_unlike(gesture, background),
        *_too_long(examples),
        *_other_threshold(own),
    )
    return Enrolled(gesture, warnings)


def check_new(label: str, actions: Mapping[str, str]) -> None:
    """ValueError for a label that is no word, a state, or one of ``actions``: label -> name of their weights."""
    check_label(label)
    if label in STATES:
        raise ValueError(f"label: {shown(label)} is a state that is found without training: take another name")
    if label in actions:
        raise ValueError(f"label: {shown(label)} is an action of the weights {actions[label]}: take another name")


def _check_new_examples(gesture: Gesture, count: int) -> None:
    """ValueError where one of the last ``count`` examples is one that was there before: it would count twice."""
    features = gesture.features.astype(np.float64)
    for row in range(len(features) - count, len(features)):
        far = np.linalg.norm(features[:row] - features[row], axis=1)
        if (same := np.flatnonzero(far <= SAME * np.linalg.norm(features[row]))).size:
            raise ValueError(
                f"{gesture.examples[row].source} is example {same[0] + 1} of {gesture.label} already"
                f" ({gesture.examples[same[0]].source}): show the gesture again, or take another recording"
            )


def _own_threshold(gesture: Gesture, background: Background) -> float | None:
    """The threshold of a gesture whose examples give another one: set by somebody, or of another background."""
    given = enrol(gesture.label, gesture.examples, gesture.features, background).threshold
    return None if math.isclose(gesture.threshold, given, abs_tol=ROUNDING) else gesture.threshold


def _other_threshold(own: float | None) -> list[str]:
    """A warning where a gesture keeps a threshold of its own."""
    if own is None:
        return []
    return [
        f"keeps its threshold of {own:.2f}, which is not that of its examples: remove it and enrol it again for theirs"
    ]


def _too_long(examples: Sequence[Shown]) -> list[str]:
    """A warning for each example whose movement began long before its window."""
    return [
        f"{one.example.source} moves for {one.left_out + one.example.seconds:.1f} s, of which the last"
        f" {one.example.seconds:.1f} s are learnt: enrol a span of it"
        for one in examples
        if one.left_out >= LEFT_OUT
    ]


def _like_gestures(gesture: Gesture, others: Sequence[Gesture], background: Background) -> list[str]:
    """A warning for each other gesture that takes half of the examples for its own."""
    embedded = background(gesture.features)
    like = [one.label for one in others if (embedded @ one.prototype(background) >= one.threshold).mean() >= 0.5]
    return [f"too like the gesture {name!r}" for name in like]


def _like_actions(detector: LoadedDetector, windows: np.ndarray) -> list[str]:
    """A warning where the detector takes half of the examples for one of its own actions."""
    labels = detector.config.detector.labels
    newest = load.probabilities(detector, windows)[:, windows.shape[1] // 2 :].max(axis=1)
    like = (newest[:, 1:] >= SURE).mean(axis=0) >= 0.5
    return [
        f"too like the action {name!r} of {detector.name}"
        for name, is_so in zip(labels[1:], like, strict=True)
        if is_so
    ]


def _unlike(gesture: Gesture, background: Background) -> list[str]:
    """A warning about examples that the others alone would not recognise."""
    embedded = background(gesture.features)
    if len(embedded) < 2:
        return []
    others = [np.delete(embedded, row, axis=0) for row in range(len(embedded))]
    alike = np.array([one @ prototype(rest) for one, rest in zip(embedded, others, strict=True)])
    far = [str(row + 1) for row in np.flatnonzero(alike < gesture.threshold).tolist()]
    if far and len(embedded) == 2:
        return ["its two examples are unlike each other: a third one tells which of them is the odd one"]
    return [f"example {', '.join(far)} of {len(embedded)} unlike the others"] if far else []
