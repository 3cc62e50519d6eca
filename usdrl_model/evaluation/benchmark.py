"""Benchmarks as files: which data, which protocol, which tasks, and what others reached.

``config/benchmarks/NAME.yaml`` maps onto ``Benchmark`` one to one. What is wrong with a benchmark, or with the data for
it, is said before anything is trained.

>>> utd = load("utd_mhad")
>>> utd.data, utd.splits
('utd_mhad', ('cross_subject',))
>>> utd.task("few_shot").settings
(1.0, 3.0, 5.0)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from usdrl_model import config
from usdrl_model.data import catalogue
from usdrl_model.data.protocols import Split
from usdrl_model.errors.nearest import hint
from usdrl_model.evaluation.result import setting_name
from usdrl_model.files.share import config_folder

Task = Literal[
    "recognition",
    "retrieval",
    "semi_supervised",
    "transfer",
    "few_shot",
    "detection",
    "segmentation",
    "early_prediction",
    "recognition_2d",
    "stream",
]
Head = Literal["linear", "finetune", "nearest", "dense"]

TASKS: tuple[Task, ...] = get_args(Task)
CONTINUOUS: tuple[Task, ...] = ("detection", "segmentation")
"""Tasks on whole recordings, learnt from one part of a set and scored offline on the other."""
_SETTINGS: Mapping[Task, tuple[str, float]] = {
    "semi_supervised": ("shares of the labels", 1.0),
    "early_prediction": ("observed shares of a clip", 1.0),
    "few_shot": ("examples a class", float("inf")),
}
"""Tasks with settings: what the numbers are, and the largest."""
_METRICS: Mapping[Task, tuple[str, ...]] = {
    **dict.fromkeys(TASKS, ("accuracy",)),
    "detection": ("mAP_action", "mAP_video", "action_point_f1", "f1@10", "f1@25", "f1@50"),
    "stream": ("stream_recall", "false_alarms_per_hour"),
    "segmentation": ("frame_accuracy", "edit", "f1@10", "f1@25", "f1@50"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A published result."""

    method: str
    value: float
    """In the unit of its metric."""
    setting: str = ""
    """As ``result.setting_name`` writes it; empty where the task has no settings."""
    metric: str = ""
    """Empty: the task's own."""
    note: str
    """Source of the number, and differences in the protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSettings:
    """One task on one benchmark."""

    metric: str
    """Main metric of the task: in percent, but for ``false_alarms_per_hour``."""
    heads: tuple[Head, ...]
    """Heads on the encoder; each is a row of the results."""
    settings: tuple[float, ...] = ()
    """Shares of the labels or of a clip (0 to 1), or whole numbers of examples a class; empty: the task has none."""
    published: tuple[Published, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """Data and protocol, and the tasks that make sense on them."""

    name: str
    """Also the name of its file."""
    title: str
    data: str
    """Data set, or the name of one's own set in the store."""
    protocol: str
    """Protocol of the split, as ``Store.select`` takes it before ``/train``; with ``folds``, their common part."""
    folds: tuple[str, ...] = ()
    """Splits of a cross-validation, whose test clips are scored together; empty: only ``protocol``."""
    subjects: tuple[str, ...] = ()
    """Use only the recordings of these people; empty: of all."""
    people: int
    """People in a window."""
    same_recordings: tuple[str, ...] = ()
    """Other sets that show some of the same recordings, beside those of ``catalogue.same_people``."""
    sides: bool = True
    """Whether a label may name a side of the body, "swipe left": nothing is mirrored in training then."""
    half_width: float = 0.0
    """Seconds before and after an instant that are its clip, in tasks on clips; 0: instants are no clips."""
    tasks: dict[Task, TaskSettings]
    note: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for values that contradict each other."""
        for data in (self.data, *self.same_recordings):
            catalogue.info(data)
        for split in self.splits:
            Split.of(self.data, f"{split}/train")
        if self.half_width < 0.0:
            raise ValueError(f"half_width: expected 0 or more seconds, got {self.half_width}")
        if self.people < 1:
            raise ValueError(f"people: expected at least 1, got {self.people}")
        if not self.tasks:
            raise ValueError(f"tasks: expected at least one of {', '.join(TASKS)}, got none")
        for task, settings in self.tasks.items():
            _check_task(task, settings)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits to train and test one by one, as ``Store.select`` takes them before ``/train`` and ``/test``."""
        return self.folds or (self.protocol,)

    @property
    def target_sets(self) -> tuple[str, ...]:
        """Sets on which weights for ``transfer`` must not have been pretrained: this one first."""
        others = {*catalogue.same_people(self.data), *self.same_recordings} - {self.data}
        return (self.data, *sorted(others))

    def task(self, name: str) -> TaskSettings:
        """The settings of a task.

        Raises:
            ValueError: no such task, or this benchmark does not have it; the message says what there is.
        """
        if name not in TASKS:
            raise ValueError(f"unknown task {name!r}{hint(name, TASKS)} Known: {', '.join(TASKS)}")
        if name not in self.tasks:
            raise ValueError(f"benchmark {self.name} has no task {name}; it has {', '.join(self.tasks)}")
        return self.tasks[name]


def available() -> tuple[str, ...]:
    """Names of the benchmarks that come with the package."""
    return config.available("benchmarks")


def load(name: str | Path) -> Benchmark:
    """The benchmark called ``name``, or the one in a file of yours whose path ends in ``.yaml``.

    Raises:
        ValueError: unknown name (the nearest is named), or a file that is no benchmark.
        FileNotFoundError: no such file.
    """
    path = config.located(name, "benchmarks", "benchmark")
    benchmark = config.load(Benchmark, path)
    if benchmark.name != path.stem:
        raise ValueError(f"{path}: name: expected {path.stem}, as the file is called, got {benchmark.name}")
    return benchmark


def folder() -> Path:
    """Where the files are: in the source tree, or below the ``share`` that the package was installed with.

    Raises:
        FileNotFoundError: the installation lacks them.
    """
    return config_folder("benchmarks")


def _check_task(task: Task, settings: TaskSettings) -> None:
    what, largest = _SETTINGS.get(task, ("", 0.0))
    if what and not settings.settings:
        raise ValueError(f"tasks.{task}.settings: expected {what}, got none")
    if any(not 0 < value <= largest for value in settings.settings):
        expected = f"{what} above 0 and up to {largest:g}" if what else "none"
        raise ValueError(f"tasks.{task}.settings: expected {expected}, got {list(settings.settings)}")
    if task == "few_shot" and any(value % 1 for value in settings.settings):
        raise ValueError(f"tasks.few_shot.settings: expected whole numbers, got {list(settings.settings)}")
    if not settings.heads:
        raise ValueError(f"tasks.{task}.heads: expected some of {', '.join(get_args(Head))}, got none")
    frame_wise = (*CONTINUOUS, "stream")
    if task in frame_wise and settings.heads != ("dense",):
        raise ValueError(f"tasks.{task}.heads: expected [dense], got {list(settings.heads)}")
    if task not in frame_wise and "dense" in settings.heads:
        raise ValueError(f"tasks.{task}.heads: dense is for {', '.join(frame_wise)}")
    names = [setting_name(value) for value in settings.settings] or [""]
    for metric in (settings.metric, *(one.metric for one in settings.published if one.metric)):
        if metric not in _METRICS[task]:
            near = hint(metric, _METRICS[task])
            raise ValueError(f"tasks.{task}: unknown metric {metric!r}{near} Known: {', '.join(_METRICS[task])}")
    for one in settings.published:
        if one.setting not in names:
            raise ValueError(
                f"tasks.{task}.published: setting of {one.method}: expected one of {names}, got {one.setting!r}"
            )
