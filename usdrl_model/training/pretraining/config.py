"""A pretraining run as a file: ``config/pretrain_*.yaml`` maps onto it one to one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from usdrl_model.config import at_least
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.training.augment import check_encoder
from usdrl_model.training.pretraining.losses import LossConfig
from usdrl_model.training.pretraining.nearest_neighbours import NeighbourConfig
from usdrl_model.training.pretraining.views import ViewConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """Clips of the store to train on."""

    sets: tuple[str, ...] = ()
    """Names of data sets; all of the store where empty, but those whose joints are in a picture."""
    split: str | None = "standard/train"
    """As ``Store.select`` takes it; never pretrain on clips that a probe is scored on."""
    max_seconds: float = 10.0
    """Seconds; longer recordings are cut into equal parts."""
    performer_minutes: int = 0
    """Minutes of simulated people beside them, one person a minute (``training.performers``)."""
    on_device: bool = True
    """Keep all clips on the training device; off: in the memory of the host, copied one batch ahead."""

    def __post_init__(self) -> None:
        """Refuse a length of 0, and less than no people."""
        at_least(self, {"performer_minutes": 0})
        if self.max_seconds <= 0.0:
            raise ValueError(f"max_seconds: expected seconds above 0, got {self.max_seconds}")


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainConfig:
    """A whole run."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    projectors: ProjectorConfig = field(default_factory=ProjectorConfig)
    views: ViewConfig = field(default_factory=ViewConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    neighbours: NeighbourConfig = field(default_factory=NeighbourConfig)
    """Positives from other clips, beside any objective."""
    data: DataConfig = field(default_factory=DataConfig)
    init_from: str = ""
    """Initial weights of the encoder, as ``FinetuneConfig.init_from``; projectors are random. Empty: random weights."""
    teacher: str = ""
    """Pretrained encoder whose features are learnt, instead of an objective of its own (``distil``)."""
    modal_views: Literal["one_each", "all"] = "one_each"
    """Modalities of each view, for an encoder with several: one per view and all for the anchor, so that views have to
    agree across modalities; or all in every view."""
    steps: int = 2000
    batch_size: int = 128
    """Clips per step, over all processes."""
    accumulate: int = 1
    """Gradient accumulation: parts of a batch, computed one after another, each with its own batch statistics."""
    optimiser: Literal["adamw", "adam"] = "adamw"
    """Adam adds the weight decay to the gradient (official), AdamW takes it off the weights."""
    learning_rate: float = 1e-3
    """At its peak, the last step of the warm-up."""
    weight_decay: float = 1e-4
    warmup_fraction: float = 0.1
    """Share of the steps in which the learning rate rises to ``learning_rate``; what lowers it starts after them."""
    lr_milestone: float = 0.0
    """Share of the steps after which the learning rate falls to a tenth (official: 0.778); 0: a cosine down to 0."""
    max_grad_norm: float = 0.0
    """Largest norm of the gradient; 0 leaves it as it is (official)."""
    precision: Literal["float32", "tf32", "bfloat16"] = "float32"
    """Of the network's matrix products; losses and statistics are float32 in any case. tf32: on a GPU only."""
    execution: Literal["eager", "compile", "cuda_graph"] = "eager"
    """How a step runs: operation by operation; through torch.compile, for large encoders, after a minute or more of
    compilation; or as one CUDA graph, for small ones on one GPU."""
    save_every: int = 200
    """Steps between two states that ``--resume`` can start from."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a run that cannot start."""
        at_least(self, {"steps": 1, "accumulate": 1, "save_every": 1, "learning_rate": 0.0, "weight_decay": 0.0,
            "max_grad_norm": 0.0})  # fmt: skip
        if self.batch_size % self.accumulate:
            raise ValueError(
                f"batch_size: expected a multiple of accumulate ({self.accumulate}), got {self.batch_size}"
            )
        if self.batch_size // self.accumulate < 2:
            raise ValueError(
                f"batch_size: expected 2 clips or more in each part (batch normalisation, statistics of the loss),"
                f" got {self.batch_size} in {self.accumulate} parts"
            )
        if self.execution == "cuda_graph" and (self.accumulate > 1 or self.neighbours.weight):
            raise ValueError(
                "execution: a CUDA graph holds a step of one part without neighbours: set accumulate=1 and"
                " neighbours.weight=0, or execution=eager"
            )
        if self.teacher and self.neighbours.weight:
            raise ValueError("neighbours.weight: a student learns from its teacher alone: leave it out")
        if not 0.0 <= self.warmup_fraction < 1.0 or not 0.0 <= self.lr_milestone < 1.0:
            raise ValueError(
                "warmup_fraction and lr_milestone must be in [0, 1),"
                f" got {self.warmup_fraction} and {self.lr_milestone}"
            )
        if 0.0 < self.lr_milestone <= self.warmup_fraction:
            raise ValueError(
                f"lr_milestone: expected more than warmup_fraction ({self.warmup_fraction}),"
                f" got {self.lr_milestone}: rise, then fall"
            )
        if self.encoder.centre == "window" and not self.views.normalise:
            raise ValueError("encoder.centre: views that are not normalised keep that of their clips: leave it out")
        if self.encoder.masked and (self.views.corrupted_joints or self.views.shear):
            raise ValueError(
                "encoder.masked: the official corruptions place joints, masked windows hide them: set"
                " views.augment.hidden instead of views.corrupted_joints and views.shear"
            )
        if self.encoder.flat:
            raise ValueError(
                "encoder.flat: views are of joints in space: leave it out, and fine-tune from random weights"
            )
        check_encoder(self.views.augment, self.encoder, "views.augment")
        if self.encoder.joints != 25:
            raise ValueError(f"encoder.joints: clips have the 25 canonical joints, got {self.encoder.joints}")
        if len(self.encoder.modalities) >= self.views.count and self.modal_views == "one_each":
            raise ValueError(
                f"views.count: {len(self.encoder.modalities)} modalities one each and an anchor need one view more,"
                f" got {self.views.count}"
            )
