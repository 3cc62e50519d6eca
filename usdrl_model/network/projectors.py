"""Projectors of the pretraining: one MLP for each stream's feature and one for both together (the instance)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from usdrl_model.network.config import EncoderConfig

GRAINS = {"temporal": "t_proj", "spatial": "s_proj", "instance": "i_proj"}
"""Feature -> official name of its projector."""
MAX_SIZE = 32768
"""Four times the widest encoder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectorConfig:
    """Sizes of the projectors; left out, they follow the encoder's D as in the official model."""

    hidden: int | None = None
    """Width of the two hidden layers of each projector; 2 D where left out."""
    stream: int | None = None
    """Outputs of the temporal and of the spatial projector; 2 D where left out."""
    instance: int | None = None
    """Outputs of the instance projector; 4 D where left out."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built."""
        if any(size is not None and size < 1 for size in (self.hidden, self.stream, self.instance)):
            raise ValueError(f"sizes of projectors must be above 0, got {self}")
        if any(size is not None and size > MAX_SIZE for size in (self.hidden, self.stream, self.instance)):
            raise ValueError(f"sizes of projectors must be at most {MAX_SIZE}, got {self}")


def build_projectors(encoder: EncoderConfig, config: ProjectorConfig) -> dict[str, nn.Sequential]:
    """Official name -> projector, for each stream that runs and for the instance."""
    hidden = config.hidden or 2 * encoder.hidden
    stream, instance = config.stream or 2 * encoder.hidden, config.instance or 4 * encoder.hidden
    # Official order of construction, which is the order of the names in a checkpoint.
    projectors = {"i_proj": _projector(encoder.features, hidden, instance)}
    if "spatial" in encoder.streams:
        projectors["s_proj"] = _projector(encoder.hidden, hidden, stream)
    if "temporal" in encoder.streams:
        projectors["t_proj"] = _projector(encoder.hidden, hidden, stream)
    return projectors


def _projector(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    )
