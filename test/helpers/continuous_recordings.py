"""Recordings in which people raise a hand, and what the tests of the tasks on whole recordings share."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from helpers.people import pose
from helpers.rule_detector import HandUp
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.baselines.contract import Fitted
from usdrl_model.evaluation.benchmark import Benchmark, Task, TaskSettings
from usdrl_model.evaluation.benchmark_store import open_benchmark
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.evaluation.recordings.config import ContinuousConfig
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.evaluation.recordings.instants import InstantConfig
from usdrl_model.evaluation.recordings.scores import Predicted
from usdrl_model.evaluation.recordings.smoothing import DecodingConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.windows.cut import Windows
from usdrl_model.windows.shape import WindowShape

CPU = torch.device("cpu")
LABELS = ("none", "hand_up")
CUT = Cut(rate=10.0, shape=WindowShape(frames=16), stride=3)
ENCODER = EncoderConfig(hidden=16, heads=2, people=1, frames=16, streams=("temporal",), velocity=True, stem_kernel=3)
SETTINGS = ContinuousConfig(
    recipe=FinetuneConfig(
        detector=DetectorConfig(labels=("none",), encoder=ENCODER, rate=10.0),
        augment=AugmentConfig(yaw=0.2),
        steps=40,
        batch_size=8,
        ema_decay=0.8,
    ),
    decoding=DecodingConfig(smoothing=0.3, min_length=0.5),
    instants=InstantConfig(half_width=0.4, smoothing=0.5, held_out=("p02",)),
)
UP = ((2.0, 4.0), (6.0, 7.5))
"""Seconds after the start between which a hand is up."""


def recording(name: str, subject: str, *, start: float = 100.3, gap: tuple[float, float] = (9.0, 9.0)) -> Recording:
    """Ten seconds at 20 Hz; nobody is there in the gap."""
    frames = []
    for time in np.arange(0.0, 10.0, 0.05):
        up = any(first <= time <= last for first, last in UP)
        people = () if gap[0] <= time < gap[1] else (Person("1", pose(float(time) + ord(subject[-1]), up)),)
        frames.append(SkeletonFrame(start + float(time), people))
    truth = tuple(Segment("1", "hand_up", start + first, start + last) for first, last in UP)
    return Recording(name, "kinect_v2_25", tuple(frames), truth, ("hand_up",), subject)


def as_instants(one: Recording) -> Recording:
    """The same with an instant in the middle of every segment."""
    middle = [(segment.start + segment.end) / 2 for segment in one.segments]
    points = tuple(
        dataclasses.replace(segment, start=at, end=at) for segment, at in zip(one.segments, middle, strict=True)
    )
    return dataclasses.replace(one, segments=points)


def benchmark(data: str, protocol: str, *tasks: Task) -> Benchmark:
    metrics = {"segmentation": "f1@50", "detection": "mAP_action"}
    return Benchmark(
        name="made",
        title="Made up",
        data=data,
        protocol=protocol,
        people=1,
        tasks={task: TaskSettings(metric=metrics[task], heads=("dense",)) for task in tasks},
    )


def segments_in(folder: Path) -> Store:
    """Two people to train on and one for the test, as UTKinect splits them."""
    write_set(folder / "stores", "utkinect", [recording(f"s{n}", f"{n:02}") for n in (1, 2, 3)])
    return open_benchmark(benchmark("utkinect", "cross_subject", "segmentation"), folder / "stores")


def points_in(folder: Path) -> Store:
    people = ("p01", "p02", "p13")
    write_set(folder / "stores", "msrc12", [as_instants(recording(f"r{name}", name)) for name in people])
    return open_benchmark(benchmark("msrc12", "held_out_persons", "detection"), folder / "stores")


NETWORKS = Networks(weights=[], recipe=SETTINGS.recipe, people=1, device=CPU)


class Rule:
    """Knows when a hand is above the head, whatever it is fitted on; notes how many windows that were."""

    title, needs_weights, fusion = "rule", False, False

    def __init__(self, shape: WindowShape = ENCODER.window) -> None:
        self.shape, self.fitted = shape, list[int]()
        self.detector = HandUp(DetectorConfig(labels=LABELS, encoder=ENCODER, rate=10.0))

    def window(self, networks: Networks) -> WindowShape:
        return self.shape

    def depends(self, networks: Networks) -> dict[str, str]:
        return {}

    def fit(self, networks: Networks, windows: Windows, classes: int, *, seed: int) -> Fitted:
        self.fitted.append(len(windows))
        return Fitted(lambda x: torch.from_numpy(self.detector(x.numpy()).frames))


def noisy(x: Tensor) -> Tensor:
    """Logits (N, T, 2) that differ from window to window, also for the same frame."""
    return torch.stack([x[:, :, 0, 11, 1] * 3.0, x.flatten(1).sum(dim=1, keepdim=True).expand(-1, x.shape[1]).sin()], 2)


def perfect(one: Recording, labels: tuple[str, ...] = LABELS, sure: float = 0.97) -> Predicted:
    (video,) = frame_scores.sliding(one, labels, dataclasses.replace(CUT, rate=20.0))
    grid = np.zeros(video.frames, int)
    grid[video.nearest] = video.truth
    posterior = np.full((video.frames, len(labels)), (1.0 - sure) / (len(labels) - 1))
    posterior[np.arange(video.frames), grid] = sure
    return Predicted(video, posterior)
