"""A streaming detector with weights that nobody trained, and people who come, go, flicker and are seen late."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from helpers.people import pose
from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig, LoadedDetector
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.person import Person, SkeletonFrame

ENCODER = EncoderConfig(
    architecture="conformer", hidden=16, heads=2, layers=2, look_back=6, conv_kernel=3, frames=24, people=1,
    streams=("temporal",), velocity=True, causal=True, masked=True, centre="window",
)  # fmt: skip


def streaming_weights(seed: int = 0, *, flat: bool = False) -> LoadedDetector:
    """10 Hz, labels "none" and "hand_up", two frames of delay; ``flat``: of joints in a picture."""
    torch.manual_seed(seed)
    encoder = dataclasses.replace(ENCODER, flat=flat)
    detector = Detector(DetectorConfig(labels=("none", "hand_up"), encoder=encoder, rate=10.0, delay=2)).eval()
    for layer in detector.encoder.layers:
        torch.nn.init.normal_(layer.bias)
    detector.requires_grad_(False)
    config = DetectorFileConfig(detector=detector.config, stream=StreamConfig(look_ahead=0.2, smoothing=0.0))
    return LoadedDetector(name="untrained", path=Path("untrained"), sha256="0" * 64, detector=detector, config=config)


def irregular(seconds: float, people: int = 4, seed: int = 0) -> list[SkeletonFrame]:
    """Frames at 4 to 40 a second with gaps, of people who come, go and come back, with joints that are not seen."""
    rng = np.random.default_rng(seed)
    found, stamp = [], 100.0
    there = np.ones(people, bool)
    while stamp < 100.0 + seconds:
        there ^= rng.random(people) < 0.01
        stamp += float(rng.choice([0.025, 0.033, 0.1, 0.21, 0.7, 2.5], p=[0.3, 0.4, 0.2, 0.09, 0.008, 0.002]))
        seen = []
        for index in np.flatnonzero(there & (rng.random(people) < 0.97)):
            joints = pose(stamp, bool(np.sin(stamp + index) > 0.3)) + [
                2.0 * index + 0.3 * np.sin(0.3 * stamp),
                0.0,
                0.0,
            ]
            joints[rng.random(25) < rng.choice([0.0, 0.0, 0.4])] = np.nan
            seen.append(Person(str(index), joints))
        found.append(SkeletonFrame(stamp, tuple(seen)))
    return found
