"""Settings of the online pipeline (``StreamConfig``): rates, gaps, how events are decided."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from usdrl_model.config import at_most
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown
from usdrl_model.events.onset_offset import EventConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.recording_gaps import MAX_GAP

LIMITS = {"max_rate": 240.0, "max_gap": 600.0, "look_ahead": 60.0, "smoothing": 60.0, "reset_after": 3600.0,
          "max_people": 1000}  # fmt: skip
"""Largest values, because the settings may come from files of others."""

IDS = ("source", "own")
"""Values of ``StreamConfig.ids``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamConfig:
    """Settings of the online pipeline."""

    max_rate: float = 10.0
    """Inferences a second of source time, at most; of windows no more than one a frame of their grid. Stamps decide, so
    a replay infers at the same frames."""
    max_gap: float = MAX_GAP
    """Seconds without a sample after which a track ends and its active actions are lost."""
    look_ahead: float = 0.4
    """Seconds by which decisions trail the newest frame, so that windows include some of its future."""
    smoothing: float = 0.6
    """Length of the smoothing kernel over time, seconds; its future half is cut off beyond ``look_ahead``."""
    reset_after: float = 1.0
    """Seconds. A stamp older than the newest one by more is an outlier or, if others follow it, a restart of the source
    (bag loop), which resets the stream."""
    max_people: int = 20
    """People followed at once, the nearest to the sensor first; others are ignored and counted."""
    ids: str = "source"
    """Whose ids people have: of the ``source``, checked against places, or our ``own``, by place alone, which needs
    SciPy."""
    events: EventConfig = field(default_factory=EventConfig)

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        for name in ("max_rate", "max_gap", "reset_after", "max_people"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        for name in ("look_ahead", "smoothing"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name}: expected 0 or more seconds, got {getattr(self, name)}")
        if self.ids not in IDS:
            raise ValueError(f"ids: expected {' or '.join(IDS)}, got {shown(self.ids)}")
        at_most(self, LIMITS)
        if self.look_ahead >= self.max_gap:
            raise ValueError(f"look_ahead: expected less than max_gap ({self.max_gap}), got {self.look_ahead}")


def check_labels(events: EventConfig, labels: Collection[str]) -> None:
    """Raise ValueError for a setting of a label that the detector has not; ``labels``: its actions."""
    for name in ("label_on_threshold", "label_min_duration"):
        for label in getattr(events, name):
            if label not in labels:
                where = f"stream.events.{name}.{shown(label)}"
                raise ValueError(
                    f"{where}: the detector has no such label{hint(label, labels)} Correct it, or leave it out"
                )


def check_window(config: StreamConfig, detector: DetectorConfig) -> None:
    """Raise ValueError for times longer than the window of a detector, or before a streaming one has any scores."""
    window = detector.encoder.frames / detector.rate
    for name in ("look_ahead", "smoothing"):
        if getattr(config, name) > window:
            raise ValueError(
                f"{name}: expected at most {window:g} s, the window of the weights ({detector.encoder.frames} frames at"
                f" {detector.rate:g} Hz), got {getattr(config, name):g}"
            )
    if config.look_ahead < detector.delay / detector.rate - 1e-9:
        raise ValueError(
            f"look_ahead: expected at least {detector.delay / detector.rate:g} s, the delay of the weights"
            f" ({detector.delay} frames at {detector.rate:g} Hz), got {config.look_ahead:g}"
        )
