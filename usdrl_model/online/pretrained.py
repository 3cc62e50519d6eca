"""Streams by the names of their weights and the folder of their gestures, as the parameters of the node name them.

Example::

    stream = Pretrained(pair_weights="pairs", gestures="gestures").stream("kinect_v2_25")
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.inference import load
from usdrl_model.online.live_enrolment import LiveEnrolment, load_beside
from usdrl_model.online.stream import ActionStream


@dataclass(frozen=True, kw_only=True, slots=True)
class Pretrained:
    """What a stream is made of; the fields are parameters of the node by the same names."""

    weights: str = "default"
    """Shipped detector, folder or ONNX file."""
    pair_weights: str = ""
    """The same, of two people; empty: none."""
    gestures: str = ""
    """Folder of enrolled gestures; empty: none."""
    gesture_weights: str = ""
    """Detector of windows that tells them; empty: as ``LiveEnrolment.from_pretrained`` chooses."""
    device: str = "auto"

    def stream(self, topology: str, threads: int | None = 1) -> ActionStream:
        """The stream for frames of a joint set; errors as ``streams``."""
        return self.streams([topology], threads)[topology]

    def streams(self, topologies: Iterable[str], threads: int | None = 1) -> dict[str, ActionStream]:
        """Topology -> a stream for its frames; ``threads`` of the CPU, None: as ``load.load``.

        Raises:
            FileNotFoundError: no such weights, or a folder without gestures.
            ValueError: weights, pairs or gestures that are damaged or do not fit each other, or an unknown topology.
        """
        one = load.load(self.weights, self.device, threads=threads)
        two = load.load(self.pair_weights, self.device, threads=threads) if self.pair_weights else None
        found = {name: ActionStream(one, topology=name, pairs=two) for name in topologies}
        if self.gestures:
            three = load_beside(one, self.gesture_weights, device=self.device, threads=threads)
            for stream in found.values():
                if not LiveEnrolment(stream, Path(self.gestures), three).labels:
                    raise FileNotFoundError(f"{self.gestures}: no gestures; usdrl gestures add makes one")
        return found


def beside(stream: ActionStream) -> dict[str, LoadedDetector]:
    """Weights that run beside those of the actions, by the parameter of the node that names them."""
    gestures = stream.gestures.known.detector if stream.gestures else None
    found = {"pair_weights": stream.pair_weights, "gesture_weights": gestures}
    return {name: weights for name, weights in found.items() if weights is not None}


def known_labels(stream: ActionStream) -> tuple[str, ...]:
    """What a stream tells: actions without the background, what two people do, and gestures."""
    gestures = stream.gestures  # read once: a node asks while its worker may enrol another one
    return (*stream.labels[1:], *stream.pair_labels, *(gestures.known.labels if gestures else ()))


def describe(stream: ActionStream) -> dict[str, str]:
    """As ``ActionStream.describe``, with everything that runs beside its weights, and the gestures."""
    named = {name: weights.name for name, weights in beside(stream).items()}
    gestures = {"gestures": ", ".join(stream.gestures.known.labels)} if stream.gestures else {}
    return {**stream.describe(), **named, **gestures}
