"""What everything else looks like to an encoder: the statistics that examples of a new gesture are compared with.

A background is made once for each detector, from the windows of many recordings, and lies beside its weights. It holds
a transform of features in which people and views differ little (within-class whitening), and the transformed features
of some thousand windows: the negatives from which the threshold of every gesture follows.

Letters: N windows, D features of the encoder, C features after the transform.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usdrl_model.checkpoints import tensor_file
from usdrl_model.checkpoints.declared import Declared
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.errors.shown import shown

FORMAT = "usdrl.background/1"
NAME = "background.safetensors"
"""File beside ``model.safetensors``, or beside an ONNX file."""
COMPONENTS = 128
"""Largest C: the principal components that are kept."""
SHRINK = 0.3
"""Share of the identity in the covariance within classes, because a class has few examples."""
MOST = 2**16
"""Largest size in a file."""
FEWEST, FEWEST_KNOWN = 100, 20
"""Smallest N from which a threshold can be estimated, and windows of known actions."""


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Transform and negatives; see the module."""

    weights: str
    """SHA-256 of the weights whose features these are."""
    mean: np.ndarray
    """(D,)."""
    basis: np.ndarray
    """(D, C)."""
    negatives: np.ndarray
    """(N, C), of length 1."""

    @classmethod
    def of(cls, weights: str, features: np.ndarray, classes: Sequence[int]) -> Background:
        """Learn from the features (N, D) of windows and what each shows.

        Args:
            weights: SHA-256 of the weights.
            features: of windows as they are live.
            classes: N numbers; windows of one number show the same action, -1 where nobody knows.

        Raises:
            ValueError: fewer than ``FEWEST`` windows.
        """
        if len(features) < FEWEST:
            raise ValueError(
                f"expected at least {FEWEST} windows for a background, got {len(features)}: add recordings"
            )
        mean = features.mean(axis=0)
        components = np.linalg.svd(features - mean, full_matrices=False)[2][:COMPONENTS].T
        basis = components @ _whitening((features - mean) @ components, np.asarray(classes))
        return cls(weights, mean, basis, _embedded(features, mean, basis))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features (N, D) -> (N, C) of length 1."""
        return _embedded(features, self.mean, self.basis)

    def save(self, path: Path) -> None:
        """Write a file; half precision is enough for cosines."""
        parts = {"mean": self.mean, "basis": self.basis, "negatives": self.negatives}
        texts = {
            "format": FORMAT,
            "weights": self.weights,
            "shape": " ".join(map(str, (*self.basis.shape, len(self.negatives)))),
        }
        tensor_file.write(path, {name: part.astype(np.float16) for name, part in parts.items()}, texts)

    @classmethod
    def read(cls, path: Path) -> Background:
        """Read a file.

        Raises:
            FileNotFoundError: no such file.
            ValueError: a damaged file, or one of another format.
        """
        with tensor_file.opened(path) as file:
            texts = file.texts
            if texts.get("format") != FORMAT:
                raise ValueError(f"{path}: expected format {FORMAT!r}, got {shown(texts.get('format'))}")
            features, size, count = _shape(path, texts.get("shape"))
            shapes = {"mean": (features,), "basis": (features, size), "negatives": (count, size)}
            parts, _ = file.arrays({name: Declared("F16", shape) for name, shape in shapes.items()})
        return cls(str(texts.get("weights")), parts["mean"], parts["basis"], parts["negatives"])


def path_of(detector: LoadedDetector) -> Path:
    """Where the background of a detector lies: in the folder of its weights, or beside its ONNX file."""
    folder = detector.path if detector.path.is_dir() else detector.path.parent
    return folder / NAME


def check_windows(detector: LoadedDetector) -> None:
    """ValueError for a streaming detector, which has no features of windows."""
    if detector.config.detector.streaming:
        raise ValueError(f"{detector.name} is a streaming detector: gestures are told by one of windows, such as hri")


def find(detector: LoadedDetector) -> Background:
    """The background of a detector.

    Raises:
        FileNotFoundError: it has none; the message says how to make one.
        ValueError: a streaming detector, a damaged background, or one of other weights.
    """
    check_windows(detector)
    path, make = path_of(detector), f"usdrl gestures background --weights {detector.path} --store STORE"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; gestures are compared with it: make it with '{make}'")
    background = Background.read(path)
    if background.weights != identity(detector):
        raise ValueError(f"{path}: made for other weights than {detector.name}: make it again with '{make}'")
    return background


def identity(detector: LoadedDetector) -> str:
    """SHA-256 of the weights whose features a detector gives: an ONNX file has those that it was exported from."""
    return detector.made_from or detector.sha256


def unit(x: np.ndarray) -> np.ndarray:
    """Vectors along the last axis, of length 1."""
    lengths: np.ndarray = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.maximum(lengths, 1e-12)


def _embedded(features: np.ndarray, mean: np.ndarray, basis: np.ndarray) -> np.ndarray:
    return unit((features - mean) @ basis)


def _whitening(centred: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """(C, C) transform after which the covariance within classes is nearly the identity; of centred (N, C)."""
    centred, classes = centred[classes >= 0], classes[classes >= 0]
    if len(centred) < FEWEST_KNOWN:
        raise ValueError(
            f"expected at least {FEWEST_KNOWN} windows of known actions, got {len(centred)}: add labelled recordings"
        )
    _, place, counts = np.unique(classes, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), centred.shape[1]), centred.dtype)
    np.add.at(means, place, centred)
    within = centred - (means / counts[:, None].astype(centred.dtype))[place]
    covariance = within.T @ within / len(within)
    even = np.eye(len(covariance), dtype=centred.dtype) * (np.trace(covariance) / len(covariance))
    values, directions = np.linalg.eigh(covariance + SHRINK * (even - covariance))
    # Scaled so that features keep their size: half precision must hold the transform.
    scaled: np.ndarray = directions / np.sqrt(values / values.mean())
    return scaled


def _shape(path: Path, text: str | None) -> tuple[int, int, int]:
    numbers = re.fullmatch(r"(\d{1,6}) (\d{1,6}) (\d{1,6})", text or "")
    sizes = tuple(map(int, numbers.groups())) if numbers else ()
    if len(sizes) != 3 or not all(1 <= one <= MOST for one in sizes):
        raise ValueError(f"{path}: expected three sizes up to {MOST}, got {shown(text)}: make it again")
    return sizes
