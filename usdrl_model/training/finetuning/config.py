"""Settings of a training run of a detector; ``finetune`` does the work."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from usdrl_model.config import at_least
from usdrl_model.data import catalogue
from usdrl_model.events.config import StreamConfig, check_labels
from usdrl_model.network.detector_config import BACKGROUND_LABEL, DetectorConfig
from usdrl_model.training.augment import AugmentConfig, check_encoder
from usdrl_model.training.finetuning.source_config import SourceConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class FinetuneConfig:
    """A whole run; ``config/finetune_*.yaml`` maps onto it one to one."""

    detector: DetectorConfig
    stream: StreamConfig = field(default_factory=StreamConfig)
    """Recommended settings of the online pipeline, saved with the weights."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    sources: tuple[SourceConfig, ...] = ()
    """Labelled recordings to train on; none in the recipe of an evaluation, which trains on a benchmark's."""
    vocabulary: str = ""
    """Name or file of the vocabulary that says which labels of the sources are which of the detector's, and what is
    background (docs/vocabulary.md). Sources with ``labels`` of their own use those. ``detector.labels`` of ``[none]``
    stand for all that the sources show."""
    mirror_labels: dict[str, str] = field(default_factory=dict)
    """Label -> what it is in a mirror, of those that name a side: another label, or "none" where the detector has not
    that one. Of labels that are not listed the vocabulary says it. For ``augment.mirror``."""
    backward_labels: dict[str, str] = field(default_factory=dict)
    """Label -> what it is in a film that runs backwards, of those of which it is known. Of labels that are not listed
    the vocabulary says it. For ``augment.backwards``."""
    validation_subjects: tuple[str, ...] = ()
    """People of the first source to validate on, whom neither the run nor the weights that it starts from have learnt
    from; never test subjects."""
    init_from: str = ""
    """Initial weights of the encoder: a pretrained model, a shipped one ("foundation"), an official checkpoint,
    ``hf://owner/name`` (``load_encoder``) or another detector. Empty: random weights."""
    head: Literal["random", "linear"] = "random"
    """Initial recognition head with ``init_from``: random, or logistic regression on the frozen features ("linear").
    A random head distorts good features before it is any good itself (LP-FT, arXiv 2202.10054)."""
    encoder_lr_scale: float = 1.0
    """Learning rate of the encoder relative to that of the heads, with ``init_from``."""
    teacher: str = ""
    """Detector to learn from beside the labels (distillation): the name of a shipped one, or a folder of weights with
    the same rate and all the labels. Its data and their terms become those of the result."""
    teacher_weight: float = 0.5
    """Share of the teacher's posterior in the loss of the frames; the labels have the rest."""
    train: Literal["all", "last", "heads"] = "all"
    """Trainable parameters: all, the last layer of each stream and the heads, or the heads alone (a linear probe)."""
    layer_decay: float = 1.0
    """The learning rate of a layer is multiplied by this once for each layer between it and the heads."""
    steps: int = 600
    """``--resume`` can start from every 200th of them and from the last; what is stopped before has to be started again
    without it."""
    batch_size: int = 32
    """Windows per step."""
    learning_rate: float = 2.5e-3
    """At its peak, the last step of the warm-up; then a cosine down to 0."""
    weight_decay: float = 0.05
    warmup_fraction: float = 0.05
    """Share of the steps."""
    label_smoothing: float = 0.1
    label_balance: float = 0.0
    """Within a source, windows of a label are drawn as (1 / their number) to this power; 0: all alike."""
    class_balance: float = 0.3
    """Class weights are (1 / frequency) to this power; 0: no weighting."""
    clip_weight: float = 0.2
    """Weight of the recognition head's loss beside the dense head's."""
    recent_weight: float = 3.0
    """Weight of the newest ``RECENT`` share of a window beside the rest: a live decision is made on those frames."""
    ema_decay: float = 0.99
    """Decay of the exponential moving average of the weights; the average is what is saved."""
    stride: int = 2
    """Frames between the ends of two training windows."""
    validate_every: int = 100
    """Steps between two validations, if there are validation subjects."""
    patience: int = 0
    """Validations without improvement before training stops with the best weights; 0: train to the end."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a run that cannot start."""
        same = catalogue.same_people(self.sources[0].name) if self.sources else ()
        shown = {person for source in self.sources if source.name in same for person in source.subjects}
        shared = shown & set(self.validation_subjects)
        if shared:
            raise ValueError(f"subjects {sorted(shared)} are both trained on and in validation_subjects")
        check_encoder(self.augment, self.detector.encoder, "augment")
        if self.detector.encoder.flat and (self.augment.yaw or self.augment.tilt):
            raise ValueError("augment: cameras turn the people of a detector with flat: set yaw: 0 and tilt: 0")
        if self.detector.labels[1:]:  # else those of the vocabulary are not known yet
            check_labels(self.stream.events, self.detector.labels[1:])
            self._check_partners()
        if self.patience and not self.validation_subjects:
            raise ValueError("patience: early stopping needs validation_subjects, people who are not trained on")
        if not 0.0 < self.encoder_lr_scale <= 1.0:
            raise ValueError(
                f"encoder_lr_scale: expected a share in (0, 1], got {self.encoder_lr_scale}; see train: heads"
            )
        if not 0.0 < self.teacher_weight <= 1.0:
            raise ValueError(f"teacher_weight: expected a share in (0, 1], got {self.teacher_weight}")
        if self.detector.streaming and (self.train != "all" or self.layer_decay != 1.0):
            raise ValueError("train, layer_decay: a conformer is trained as a whole: leave them out")
        if not 0.0 <= self.warmup_fraction < 1.0:
            raise ValueError(f"warmup_fraction: expected a share of the steps in [0, 1), got {self.warmup_fraction}")
        at_least(self, {"steps": 1, "stride": 1, "validate_every": 1, "patience": 0, "learning_rate": 0.0,
            "weight_decay": 0.0, "clip_weight": 0.0, "recent_weight": 0.0, "class_balance": 0.0,
            "label_balance": 0.0})  # fmt: skip
        for name in ("ema_decay", "label_smoothing"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name}: expected a number in [0, 1), got {getattr(self, name)}")
        if not 0.0 < self.layer_decay <= 1.0:
            raise ValueError(f"layer_decay: expected a number in (0, 1], got {self.layer_decay}")
        if self.batch_size < 2:
            raise ValueError(f"batch_size: expected 2 or more (batch normalisation), got {self.batch_size}")

    def _check_partners(self) -> None:
        """Refuse what labels are in a mirror or backwards that is none of the detector's labels."""
        for label, partner in self.mirror_labels.items():
            if not {label, partner} <= set(self.detector.labels) or self.mirror_labels.get(partner, label) != label:
                raise ValueError(
                    f"mirror_labels: {label}: {partner}: expected two of the detector's labels, each other's, or none"
                    " for what it has no label of: list pairs of its labels alone, and no others"
                )
        for label, partner in self.backward_labels.items():
            if self.backward_labels.get(partner) != label or not {label, partner} <= set(self.detector.labels):
                raise ValueError(
                    f"backward_labels: {label}: {partner}: expected labels of the detector, each the other's or its own"
                )

    @property
    def mirror_classes(self) -> tuple[int, ...]:
        """(K,) class -> its class in a mirror."""
        back = {partner: label for label, partner in self.mirror_labels.items() if partner != BACKGROUND_LABEL}
        partners = {**back, **self.mirror_labels}
        return tuple(self.detector.labels.index(partners.get(label, label)) for label in self.detector.labels)

    @property
    def backward_classes(self) -> tuple[int, ...]:
        """(K,) class -> its class in a film that runs backwards, -1 where nobody knows; background is background."""
        labels = self.detector.labels
        known = {BACKGROUND_LABEL: BACKGROUND_LABEL, **self.backward_labels}
        return tuple(labels.index(known[label]) if label in known else -1 for label in labels)

    def check_open(self) -> None:
        """Refuse a benchmark recipe that sets what the benchmark gives: sources, labels, weights; ValueError."""
        if self.sources or self.validation_subjects or self.init_from or len(self.detector.labels) > 1:
            raise ValueError(
                "recipe: sources, validation_subjects, start and the labels follow from benchmark and weights: leave"
                f" them out (labels: [{BACKGROUND_LABEL}])"
            )


def of_classes(run: FinetuneConfig, classes: int, seed: int) -> FinetuneConfig:
    """A run that tells ``classes`` numbered classes apart, background included; what it sets of labels falls away."""
    labels = (BACKGROUND_LABEL, *map(str, range(1, classes)))
    events = replace(run.stream.events, label_on_threshold={}, label_min_duration={})
    return replace(
        run, detector=replace(run.detector, labels=labels, needs={}), stream=replace(run.stream, events=events),
        mirror_labels={}, backward_labels={}, seed=seed,
    )  # fmt: skip
