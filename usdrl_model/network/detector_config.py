"""Configuration of a detector: its encoder, what it tells apart, and how many frames a second it sees."""

from __future__ import annotations

from dataclasses import dataclass, field

from usdrl_model.config import at_most
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import check_name, shown
from usdrl_model.network.config import EncoderConfig
from usdrl_model.skeleton.parts import Part

BACKGROUND_LABEL = "none"
"""Label of class 0: none of the actions."""

MIN_RATE, MAX_RATE = 0.1, 240.0
"""Frames a second; no tracker is faster."""
MAX_LABELS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectorConfig:
    """Encoder, classes and frame rate of a detector."""

    labels: tuple[str, ...]
    """Names of the K classes; the first is "none"."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    rate: float = 15.0
    """Frames a second of the windows; T / rate is the time span of a window."""
    dropout: float = 0.3
    """Before each head, in training."""
    delay: int = 0
    """Frames after which the scores of a frame are given, by an encoder that sees no later frames (``conformer``): what
    it says at a frame is about the frame ``delay`` before. Others see the future of a frame in their window: 0."""
    needs: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    """Label -> parts of the body without which it cannot be told; it is withheld where they are not seen."""

    def __post_init__(self) -> None:
        """Refuse labels without background, with repeats, or that cannot be shown."""
        if not self.labels or self.labels[0] != BACKGROUND_LABEL or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must be distinct and begin with {BACKGROUND_LABEL!r}, got {shown(self.labels)}")
        if len(self.labels) > MAX_LABELS:
            raise ValueError(f"labels: expected at most {MAX_LABELS}, got {len(self.labels)}")
        for label in self.labels:
            check_name(label, "labels")
        for label in self.needs if self.labels[1:] else ():  # else those of a vocabulary are not known yet
            if label not in self.labels[1:]:
                raise ValueError(f"needs.{shown(label)}: not one of the labels{hint(label, self.labels[1:])}")
        if self.rate < MIN_RATE:
            raise ValueError(f"rate must be above 0 ({MIN_RATE:g} at least) frames a second, got {self.rate}")
        at_most(self, {"rate": MAX_RATE})
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        most = self.encoder.frames - 1 if self.streaming else 0
        if not 0 <= self.delay <= most:
            raise ValueError(f"delay: expected 0 to {most} frames of architecture {self.encoder.architecture},"
                             f" got {self.delay}")  # fmt: skip

    @property
    def streaming(self) -> bool:
        """Whether the encoder takes frames one at a time (``Detector.advance``)."""
        return self.encoder.architecture == "conformer"
