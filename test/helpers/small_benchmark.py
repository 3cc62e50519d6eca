"""A made-up benchmark: three poses, four people, and what the tests of the tasks share."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.baselines.contract import Classifier
from usdrl_model.evaluation.benchmark import Benchmark, TaskSettings
from usdrl_model.evaluation.clips.methods import METHODS, Baseline, ClipMethod
from usdrl_model.evaluation.networks import Networks, by_title
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.finetuning.config import FinetuneConfig

CPU = torch.device("cpu")
LABELS = ("up", "push", "wave")
ENCODER = EncoderConfig(hidden=16, heads=2, people=1, frames=16, streams=("temporal",), velocity=True)
RECIPE = FinetuneConfig(
    detector=DetectorConfig(labels=("none",), encoder=ENCODER),
    steps=20,
    batch_size=8,
    ema_decay=0.8,
    clip_weight=5.0,
    learning_rate=0.01,
)
LINEAR_AND_ALL = ("linear", "finetune", "nearest")
BENCHMARK = Benchmark(
    name="made",
    title="Made up",
    data="utd_mhad",
    protocol="cross_subject",
    people=1,
    tasks={
        "recognition": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL),
        "retrieval": TaskSettings(metric="accuracy", heads=("nearest",)),
        "semi_supervised": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL, settings=(0.01, 0.5)),
        "transfer": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL),
        "few_shot": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL, settings=(1, 3)),
        "early_prediction": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL, settings=(0.2, 1.0)),
        "recognition_2d": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL),
    },
)


def recording(name: str, label: str, subject: str | None, people: int = 1, tags: dict | None = None) -> Recording:
    """Poses that depend on the label alone, but for a little noise."""
    pose = np.random.default_rng(LABELS.index(label)).normal(0.0, 0.4, (25, 3))
    noise = np.random.default_rng(list(name.encode())).normal(0.0, 0.01, (16, people, 25, 3))
    seen = tuple(
        SkeletonFrame(0.1 * t, tuple(Person(str(m), pose + noise[t, m] + (0.6 * m, 0.0, 2.0)) for m in range(people)))
        for t in range(16)
    )
    return Recording(name, "kinect_v2_25", seen, labels=LABELS, label=label, subject=subject, tags=tags or {})


def utd(folder: Path) -> Path:
    """Three classes, four people (1 and 3 train), two takes."""
    kept = [(s, label, take) for s in "1234" for label in LABELS for take in "ab"]
    write_set(folder, "utd_mhad", (recording(f"{label}{s}{take}", label, s) for s, label, take in kept))
    return folder


def sbu(folder: Path) -> Path:
    """Three classes and two people in each of 12 folders; five folds, the first with four of them."""
    first, others = ("s01s02", "s03s04", "s05s02", "s06s04"), ("s02s03", "s02s07", "s01s03", "s01s07")
    sets = (*first, *others, "s02s01", "s02s06", "s04s02", "s04s03")
    kept = [(one, label) for one in sets for label in LABELS]
    made = (recording(f"{one}{label}", label, one, people=2, tags={"set": one}) for one, label in kept)
    write_set(folder, "sbu", made)
    return folder


def weights(folder: Path, shape: EncoderConfig = ENCODER, sets: str = "msraction3d, sbu", seed: int = 0) -> Path:
    torch.manual_seed(seed)
    USDRL(shape, ProjectorConfig(hidden=16, stream=8, instance=8)).save_pretrained(folder, made_on(*sets.split(", ")))
    return folder


def made_on(*sets: str) -> Provenance:
    return Provenance(data=tuple(DataUsed(set=name) for name in sets), complete=True)


def networks(
    *given: Path, people: int = 1, causal: bool = False, recipe: FinetuneConfig = RECIPE, methods: Sequence[str] = ()
) -> Networks:
    """With weights from these files, and checked for methods of these titles."""
    opened = [Pretrained.open(one) for one in given]
    made = Networks(weights=opened, recipe=recipe, people=people, causal=causal, device=CPU)
    made.check(named(*methods))
    return made


def named(*titles: str) -> tuple[ClipMethod, ...]:
    return by_title(METHODS, titles)


class Spy:
    """Fits of a method that always gives one answer: what it was fitted on, and what it was asked."""

    def __init__(self, answer: int, seeded: bool = True) -> None:
        self.answer, self.fitted, self.asked = answer, [], []
        self.method = Baseline(title="spy", learn=self.fit, seeded=seeded)

    def fit(self, windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        self.fitted.append((windows, y))

        def classify(others: Tensor) -> Tensor:
            self.asked.append(others)
            return torch.nn.functional.one_hot(torch.full((len(others),), self.answer), classes)

        return classify
