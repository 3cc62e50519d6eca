"""A tiny detector's training: its recordings, configuration and windows."""

import numpy as np
import torch

from helpers.people import UP, pose
from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import EventConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.mixture import Mixture, mix
from usdrl_model.training.finetuning.source_config import SourceConfig

CPU = torch.device("cpu")


ENCODER = EncoderConfig(hidden=16, heads=2, people=1, streams=("temporal",), velocity=True, stem_kernel=3)


RUN = FinetuneConfig(
    detector=DetectorConfig(labels=("none", "hand_up"), encoder=ENCODER, rate=10.0),
    stream=StreamConfig(events=EventConfig(on_threshold=0.6, off_threshold=0.3)),
    augment=AugmentConfig(yaw=0.2, jitter=0.002),
    sources=(SourceConfig(name="own", subjects=("a", "b")),),
    steps=60,
    batch_size=8,
    ema_decay=0.9,
)


def recording(subject: str, start: float, duration: float = 8.0) -> Recording:
    stamps = start + np.arange(0.0, duration, 0.1)
    shown = tuple(
        SkeletonFrame(float(stamp), (Person("1", pose(stamp, UP[0] <= stamp - start < UP[1])),)) for stamp in stamps
    )
    truth = (Segment("1", "hand_up", start + UP[0], start + UP[1]),)
    return Recording(subject, "kinect_v2_25", shown, truth, ("hand_up",), subject)


RECORDINGS = [recording("a", 10.0), recording("b", 50.0), recording("c", 90.0)]


def mixture(run: FinetuneConfig = RUN) -> Mixture:
    return mix(run.sources, [RECORDINGS], run.detector, max_gap=1.0, stride=2)
