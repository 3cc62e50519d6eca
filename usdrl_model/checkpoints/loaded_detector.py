"""A detector that was loaded, whatever runs it, and the configuration that it came with; without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.checkpoints import config_file
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.config import content_hash
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.events.config import StreamConfig, check_labels
from usdrl_model.network.detector_config import DetectorConfig

if TYPE_CHECKING:
    from usdrl_model.network.detector import Detector

FORMAT = config_file.FORMATS["detector"]
TRAINED = "torch, as trained"
"""Runtime of a detector in which nothing has been changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectorFileConfig:
    """Content of ``config.json``."""

    format: str = FORMAT
    detector: DetectorConfig
    stream: StreamConfig
    """Settings that were chosen for this detector on held-out training subjects."""
    provenance: Provenance = field(default_factory=Provenance)
    """How it was made: command, configuration, data sets, code."""

    def __post_init__(self) -> None:
        """Refuse settings of labels that the detector has not."""
        check_labels(self.stream.events, self.detector.labels[1:])


@dataclass(frozen=True, slots=True)
class LoadedDetector:
    """A detector that can run, and what it came with."""

    name: str
    """Of a shipped detector, or of the folder that it lies in; of ``runs/mine/weights`` it is "mine"."""
    path: Path
    sha256: str
    """Of ``model.safetensors``, or of the ONNX file that runs."""
    detector: Any
    """Called like ``Detector`` (which ``detector_file.load`` gives), in evaluation mode, on the device asked for; or an
    ``OnnxDetector``, whose windows and scores are arrays of numpy."""
    config: DetectorFileConfig
    precision: str = "fp32"
    """Of matrix products: fp32, bf16 or int8."""
    made_from: str = ""
    """SHA-256 of the weights that an ONNX file was exported from, as the file says."""
    runtime: str = TRAINED
    """What runs the detector."""

    @property
    def hash(self) -> str:
        """Of its configuration, thresholds and how it was made included, and its tensors, wherever it lies."""
        return f"{content_hash(self.config)} {self.sha256}"

    @property
    def in_torch(self) -> bool:
        """Whether torch runs it; otherwise its windows and scores are arrays of numpy."""
        return hasattr(self.detector, "parameters")

    @property
    def device(self) -> Any:
        """Where the detector runs: a ``torch.device``, or "cpu" where torch does not run it."""
        if not self.in_torch:
            return "cpu"
        import torch

        return next((parameter.device for parameter in self.detector.parameters()), torch.device("cpu"))

    def describe(self) -> dict[str, str]:
        """Name, hash, device, precision, runtime and provenance, for logs and the state."""
        made = self.config.provenance
        return {
            "weights": self.name,
            "hash": self.sha256[:12],
            "device": str(self.device),
            "precision": self.precision,
            "runtime": self.runtime,
            **({"made_from": self.made_from[:12]} if self.made_from else {}),
            "trained_on": cut(", ".join([*made.sets, *([] if made.complete else ["data unknown"])]), LINE),
            "made_by": str(made.code),
        }

    @property
    def trained(self) -> Detector:
        """The detector as it was trained, which can be copied, changed and saved.

        Raises:
            ValueError: this one was changed for inference.
        """
        from usdrl_model.network.detector import Detector

        if not isinstance(self.detector, Detector) or self.runtime != TRAINED:
            raise ValueError(
                f"{self.name}: expected a detector as it was trained, got one in {self.runtime}: give the folder of its"
                " weights"
            )
        return self.detector


def config_of(text: str, where: str) -> DetectorFileConfig:
    """The configuration in a text; ValueError, which names ``where``, for any other text."""
    return config_file.parse(text, "detector", DetectorFileConfig, where)
