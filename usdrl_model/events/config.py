"""Settings of the online pipeline: rates, gaps, how events are decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from usdrl_model.config import at_most
from usdrl_model.events.onset_offset import EventConfig
from usdrl_model.network.detector import DetectorConfig

LIMITS = {"max_rate": 240.0, "max_gap": 600.0, "look_ahead": 60.0, "smoothing": 60.0, "reset_after": 3600.0,
          "max_people": 1000}  # fmt: skip
"""Largest values: beyond any use, and within what a robot can hold, because they may come from a file of others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamConfig:
    """Everything of the online pipeline that is not in the weights."""

    max_rate: float = 10.0
    """Inferences a second of source time, at most. Slots are cut by stamps, so a replay infers at the same frames."""
    max_gap: float = 1.0
    """Seconds without a person after which the track ends and its actions are reported lost."""
    look_ahead: float = 0.4
    """Seconds by which decisions trail the newest frame: later windows see a frame with more of its future."""
    smoothing: float = 0.6
    """Seconds of the kernel that smooths the posterior along time; half of it beyond ``look_ahead`` is cut off."""
    reset_after: float = 1.0
    """Seconds. A stamp this much older than the newest one is an outlier or, if others follow it, a restart of the
    source (bag loop): forget everything."""
    max_people: int = 20
    """People followed at once, the nearest to the sensor first; further ones are ignored and counted."""
    events: EventConfig = field(default_factory=EventConfig)

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        for name in ("max_rate", "max_gap", "reset_after", "max_people"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        for name in ("look_ahead", "smoothing"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name}: expected 0 or more seconds, got {getattr(self, name)}")
        at_most(self, LIMITS)
        if self.look_ahead >= self.max_gap:
            raise ValueError(f"look_ahead: expected less than max_gap ({self.max_gap}), got {self.look_ahead}")


def check_window(config: StreamConfig, detector: DetectorConfig) -> None:
    """Refuse settings that reach further than the windows of a detector; ValueError states how far that is."""
    window = detector.encoder.frames / detector.rate
    for name in ("look_ahead", "smoothing"):
        if getattr(config, name) > window:
            raise ValueError(
                f"{name}: expected at most {window:g} s, the window of the weights ({detector.encoder.frames} frames at"
                f" {detector.rate:g} Hz), got {getattr(config, name):g}"
            )
