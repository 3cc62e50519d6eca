"""Settings of the task "stream", ``config/unseen_stream.yaml``: what is trained, and what it is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from usdrl_model import config
from usdrl_model.data.vocabulary import Vocabulary
from usdrl_model.data.vocabulary import load as load_vocabulary
from usdrl_model.evaluation.calibration import CalibrationConfig
from usdrl_model.files.share import config_folder
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.labels import filled
from usdrl_model.training.finetuning.source_config import SourceConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamProtocol:
    """One to one with the YAML file."""

    vocabulary: str = "hri"
    """Name, or path of a .yaml, of the vocabulary in which truth and detections are compared."""
    detector: str = "finetune_hri.yaml"
    """File in ``config``: how a detector is trained. The sets that are left out are taken from its sources."""
    streaming: str = "finetune_streaming.yaml"
    """The same for a streaming detector: of the method "streaming", which starts from nothing, and from a Conformer."""
    changes: tuple[str, ...] = ()
    """To these files: ``key=value``."""
    calibration: str = "calibrate_hri.yaml"
    """File in ``config``: whom temperatures and thresholds are chosen on, from whose sources the sets are taken, too.
    Empty: the detector keeps those of its training."""
    people: Literal["all", "test"] = "all"
    """Of the set: everybody, or only the test part (of the first fold), for a detector that learnt from the other."""
    minutes: float = 0.0
    """Minutes of recordings, from all over the set, that are run at most; clips are laid into streams after that.
    0: all."""
    mirrored: bool = True
    """Also run every recording in a mirror, which tells whether both sides of the body are known."""
    examples: int = 20000
    """Training windows of the baselines, drawn from those of the detector."""
    seed: int = 0
    """Of the composition of trimmed clips."""

    def __post_init__(self) -> None:
        """Refuse less than nothing."""
        config.at_least(self, {"minutes": 0.0, "examples": 1})

    def words(self) -> Vocabulary:
        """The vocabulary; errors as its ``load``."""
        return load_vocabulary(self.vocabulary)

    def training(self, without: Collection[str], seed: int, *, streaming: bool = False) -> FinetuneConfig:
        """Training of a detector on everything but some sets, with the labels that the others show.

        Raises:
            ValueError: a file that is none, or no source is left.
        """
        file = self.streaming if streaming else self.detector
        run = config.load(FinetuneConfig, config_folder("") / file)
        run = config.apply_overrides(run, (*self.changes, f"seed={seed}"))
        return filled(dataclasses.replace(run, sources=_left(run.sources, without, file)))

    def calibrating(self, without: Collection[str]) -> CalibrationConfig | None:
        """Choice of temperatures and thresholds on everything but some sets; None for none. Errors as ``training``."""
        if not self.calibration:
            return None
        chosen = config.load(CalibrationConfig, config_folder("") / self.calibration)
        return dataclasses.replace(chosen, sources=_left(chosen.sources, without, self.calibration))


def _left(sources: Iterable[SourceConfig], without: Collection[str], where: str) -> tuple[SourceConfig, ...]:
    left = tuple(source for source in sources if source.name not in without)
    if not left:
        raise ValueError(f"{where}: sources: nothing is left without {', '.join(without)}")
    return left
