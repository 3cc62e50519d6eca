"""A detector whose answers are known: "hand_up" wherever the right hand is above the head."""

from pathlib import Path

import numpy as np

from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig, LoadedDetector
from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import EventConfig
from usdrl_model.inference.onnx_runtime import Arrays
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.topology import JOINT_INDEX


class HandUp:
    """Sure in every frame: class 1 where the hand is above the head, else background. Nodes start faster so."""

    def __init__(self, config: DetectorConfig) -> None:
        self.config = config
        self.batches: list[int] = []

    def __call__(self, x: np.ndarray) -> Arrays:
        self.batches.append(len(x))
        up = x[:, :, 0, JOINT_INDEX["hand_right"], 1] > x[:, :, 0, JOINT_INDEX["head"], 1]
        frames = 8.0 * np.eye(2, dtype=np.float32)[up.astype(int)]
        return Arrays(frames=frames, clip=frames.max(axis=1), features=None)


def hand_up_weights(people: int = 1, *, flat: bool = False) -> LoadedDetector:
    """Weights of the rule, 10 Hz, with settings that make times easy to reckon."""
    encoder = EncoderConfig(hidden=2, people=people, masked=flat, flat=flat)
    detector = DetectorConfig(labels=("none", "hand_up"), encoder=encoder, rate=10.0)
    events = EventConfig(on_threshold=0.6, off_threshold=0.4, min_duration=0.3, hold=0.2, refractory=0.2)
    stream = StreamConfig(look_ahead=0.3, smoothing=0.0, events=events)
    config = DetectorFileConfig(detector=detector, stream=stream)
    return LoadedDetector(name="rule", path=Path("rule"), sha256="0" * 64, detector=HandUp(detector), config=config)
