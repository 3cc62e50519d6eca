"""A detector of two people whose answers are known: "shake_hands" wherever somebody else is in the window."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from helpers.rule_detector import hand_up_weights
from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig, LoadedDetector
from usdrl_model.inference.onnx_runtime import Arrays
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig


class Near:
    """ "shake_hands" and "hand_up" wherever a second body is in the window, else background."""

    def __call__(self, x: np.ndarray) -> Arrays:
        near = np.isfinite(x[:, :, 1]).any(axis=(2, 3))
        frames = np.stack([9.0 * ~near, 9.0 * near, 9.0 * near], axis=2).astype(np.float32)
        return Arrays(frames=frames, clip=frames.max(axis=1), features=None)


def near_weights(
    rate: float = 10.0, labels: tuple[str, ...] = ("none", "shake_hands", "hand_up"), frames: int = 16
) -> LoadedDetector:
    encoder = EncoderConfig(hidden=2, people=2, masked=True, frames=frames)
    one = hand_up_weights().config
    events = replace(one.stream.events, on_threshold=0.4, off_threshold=0.3)
    stream = replace(one.stream, events=events)
    config = DetectorFileConfig(detector=DetectorConfig(labels=labels, encoder=encoder, rate=rate), stream=stream)
    return LoadedDetector(name="near", path=Path("near"), sha256="0" * 64, detector=Near(), config=config)
