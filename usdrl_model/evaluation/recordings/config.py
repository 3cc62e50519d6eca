"""Settings of the tasks on whole recordings, ``config/continuous/*.yaml``: training, windows, what follows the scores.

>>> of("msrc12").instants.distance
1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from usdrl_model import config
from usdrl_model.evaluation import benchmark
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.evaluation.recordings.instants import InstantConfig
from usdrl_model.evaluation.recordings.smoothing import DecodingConfig
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.windows.shape import WindowShape

FILES: Mapping[str, str] = {"pku_mmd_1": "pku_mmd", "pku_mmd_2": "pku_mmd", "msrc12": "instants"}
"""Set -> its file; the others have ``USUAL``."""
USUAL = "segments"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContinuousConfig:
    """Training, windows and decoding of a method on whole recordings."""

    recipe: FinetuneConfig
    """Training of a detector; classes, data and start are filled in, and with weights the encoder. Its rate, stride and
    ``stream.max_gap`` are for every method."""
    windows: Literal["sliding", "end_to_end"] = "sliding"
    """See ``frame_scores``."""
    stride: int = 2
    """Frames between the ends of two sliding windows in the test."""
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    """Used for data sets whose labels are segments."""
    instants: InstantConfig = field(default_factory=InstantConfig)
    """Used for data sets whose labels are single time points."""

    def __post_init__(self) -> None:
        """Raise ValueError for a recipe that sets fields which are filled in here."""
        self.recipe.check_open()
        if self.stride < 1:
            raise ValueError(f"stride: expected 1 frame or more, got {self.stride}")

    def cut(self, shape: WindowShape) -> Cut:
        """How recordings become windows for an encoder, or for a baseline on the same T and M."""
        return Cut(
            windows=self.windows,
            rate=self.recipe.detector.rate,
            shape=shape,
            training_stride=self.recipe.stride,
            stride=self.stride,
            max_gap=self.recipe.stream.max_gap,
            half_width=self.instants.half_width,
        )


def of(data: str) -> ContinuousConfig:
    """The settings that come with the package for a data set.

    Raises:
        FileNotFoundError: the installation lacks them.
        ValueError: the file was changed and is no longer valid.
    """
    path = benchmark.folder().parent / "continuous" / f"{FILES.get(data, USUAL)}.yaml"
    return config.load(ContinuousConfig, path)
