"""Gestures in a folder: one folder a gesture, which a person can read and nothing can execute.

    gestures/
      thumbs_up/
        gesture.yaml                 label, weights, threshold, examples and where they came from
        features_3f2a91c0.safetensors    features of the examples, (E, D)

``gesture.yaml`` names the file of features and its SHA-256, and is written last: a gesture is there as a whole, as it
was before, or not at all, wherever a writer was killed. One process at a time changes a folder (``alone``).
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from usdrl_model import config as configuration
from usdrl_model.checkpoints import tensor_file
from usdrl_model.checkpoints.declared import Declared
from usdrl_model.config import at_least, at_most
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown
from usdrl_model.files import atomic_file, folder_lock
from usdrl_model.gestures.gesture import MOST_EXAMPLES, Example, Gesture, check_label, is_label

FORMAT = "usdrl.gesture/1"
DESCRIPTION = "gesture.yaml"
MOST_FEATURES = 2**14
"""Largest D of a file; the widest encoder has 2048."""
MOST_GESTURES = 100
PATIENCE = 2.0
"""Seconds to wait for another process that changes the gestures; it needs a fraction of one. Who has people to follow
waits for less."""
_TENSOR = "features"
_LOCK = ".lock"
"""No label has a full stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """Content of ``gesture.yaml``."""

    format: str
    label: str
    weights: str
    """SHA-256 of the weights that it was made with; it fits no other."""
    threshold: float
    spread: float
    features: str
    """Name of the file with the features."""
    sha256: str
    """Of that file."""
    size: int
    """D."""
    examples: tuple[Example, ...]

    def __post_init__(self) -> None:
        """Refuse what ``write`` does not write."""
        if self.format != FORMAT:
            raise ValueError(f"format: expected {FORMAT!r}, got {shown(self.format)}: enrol the gesture again")
        check_label(self.label)
        if Path(self.features).name != self.features:
            raise ValueError(f"features: expected the name of a file beside it, got {shown(self.features)}")
        at_least(self, {"spread": 1e-6, "size": 1, "threshold": 0.0})
        at_most(self, {"spread": 2.0, "size": MOST_FEATURES, "threshold": 2.0})
        if not 1 <= len(self.examples) <= MOST_EXAMPLES:
            raise ValueError(f"examples: expected 1 to {MOST_EXAMPLES}, got {len(self.examples)}")


@contextlib.contextmanager
def alone(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Nobody else adds to the gestures below a folder, or removes one, until the block ends; the folder is made.

    Args:
        folder: of the gestures.
        patience: seconds to wait for another process that does so.

    Raises:
        NotADirectoryError: as ``labels``.
        OSError: another process does so for longer than ``patience``, or the folder cannot be written.
    """
    labels(folder)  # before a lock is made in what is no folder of gestures
    with folder_lock.held(folder, patience, _LOCK):
        yield


def write(folder: Path, gesture: Gesture) -> None:
    """Write a gesture into its folder below ``folder``, within ``alone``; one of the same label is replaced.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    place = folder / gesture.label
    content = tensor_file.encoded({_TENSOR: gesture.features}, {"format": FORMAT})
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"features_{sha256[:8]}.safetensors"
    atomic_file.write_bytes(place / name, content)
    description = Description(
        format=FORMAT,
        label=gesture.label,
        weights=gesture.weights,
        threshold=gesture.threshold,
        spread=gesture.spread,
        features=name,
        sha256=sha256,
        size=gesture.features.shape[1],
        examples=gesture.examples,
    )
    configuration.dump(description, place / DESCRIPTION)
    for old in place.glob("features_*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def read(folder: Path, label: str) -> Gesture:
    """The gesture ``label`` below ``folder``.

    Raises:
        FileNotFoundError: there is none; the message names the nearest.
        ValueError: a damaged one.
    """
    check_label(label)
    place = folder / label
    if not (place / DESCRIPTION).is_file():
        known = labels(folder)
        raise FileNotFoundError(
            f"{folder}: no gesture {label!r}{hint(label, known)} Known: {', '.join(known) or 'none'}"
        )
    while True:
        written = (place / DESCRIPTION).read_bytes()
        try:
            return _read(place, label)
        except (OSError, ValueError):
            if (place / DESCRIPTION).read_bytes() == written:
                raise  # else another process has written it meanwhile, and the features of before are gone


def _read(place: Path, label: str) -> Gesture:
    """The gesture in its folder, which has a description; ValueError for a damaged one."""
    description = configuration.load(Description, place / DESCRIPTION)
    if description.label != label:
        raise ValueError(f"{place}: holds the gesture {description.label!r}: give the folder its name")
    wanted = {_TENSOR: Declared("F32", (len(description.examples), description.size))}
    remedy = f"usdrl gestures remove {label}, then enrol it again"
    if not (place / description.features).is_file():
        raise ValueError(f"{place / description.features}: missing: {remedy}")
    with tensor_file.opened(place / description.features) as file:
        arrays, sha256 = file.arrays(wanted)
    if sha256 != description.sha256:
        raise ValueError(f"{place / description.features}: not the file that {DESCRIPTION} describes: {remedy}")
    return Gesture(
        label=label,
        weights=description.weights,
        examples=description.examples,
        features=arrays[_TENSOR],
        threshold=description.threshold,
        spread=description.spread,
    )


def labels(folder: Path) -> list[str]:
    """Names of the gestures below a folder, sorted; none where there is no such folder.

    A folder whose name is no label, such as the copy ``thumbs_up.bak``, is no gesture.

    Raises:
        NotADirectoryError: a file, or the folder of one gesture.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder}: expected a folder of gestures, got a file")
    if (folder / DESCRIPTION).exists():
        raise NotADirectoryError(f"{folder}: expected a folder of gestures, got one gesture: name the folder above it")
    return sorted(filter(is_label, (file.parent.name for file in folder.glob(f"*/{DESCRIPTION}"))))


def read_all(folder: Path, weights: str) -> list[Gesture]:
    """Every gesture below a folder, made with ``weights`` (SHA-256).

    Raises:
        NotADirectoryError: a file instead of a folder.
        ValueError: a damaged one, one of other weights, or more than ``MOST_GESTURES``.
    """
    names = labels(folder)
    if len(names) > MOST_GESTURES:
        raise ValueError(f"{folder}: expected at most {MOST_GESTURES} gestures, got {len(names)}")
    found = [read(folder, name) for name in names]
    check_weights(found, weights, folder)
    return found


def check_weights(gestures: Iterable[Gesture], weights: str, folder: Path) -> None:
    """Raise ValueError where a gesture was made with other weights than ``weights`` (SHA-256)."""
    other = [gesture for gesture in gestures if gesture.weights != weights]
    if other:
        names = _listed([gesture.label for gesture in other])
        raise ValueError(
            f"{folder}: {names} made with weights {shown(other[0].weights[:12])}, not with {weights[:12]}: enrol again,"
            " or run the weights that they were made with"
        )


def remove(folder: Path, label: str) -> None:
    """Remove a gesture, damaged or not; errors as ``read`` for one that is not there, and as ``alone``."""
    check_label(label)
    place = folder / label
    if not (place / DESCRIPTION).is_file():
        read(folder, label)  # raises
    with alone(folder):
        (place / DESCRIPTION).unlink(missing_ok=True)  # from here on there is no such gesture
        shutil.rmtree(place, ignore_errors=True)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "") + (" were" if len(names) > 1 else " was")
