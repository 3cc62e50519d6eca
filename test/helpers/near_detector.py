"""A detector of two people whose answers are known: "shake_hands" wherever somebody else is in the window."""

from dataclasses import replace
from pathlib import Path

import torch

from helpers.rule_detector import hand_up_weights
from usdrl_model.checkpoints.detector_file import DetectorFileConfig, LoadedDetector
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import DetectorConfig, Scores


class Near(torch.nn.Module):
    """ "shake_hands" and "hand_up" wherever a second body is in the window, else background."""

    def forward(self, x: torch.Tensor) -> Scores:
        near = x[:, :, 1].isfinite().flatten(2).any(dim=2)
        frames = torch.stack([torch.where(near, 0.0, 9.0), 9.0 * near, 9.0 * near], dim=2)
        return Scores(frames=frames, clip=frames.amax(1))


def near_weights(rate: float = 10.0, labels: tuple[str, ...] = ("none", "shake_hands", "hand_up")) -> LoadedDetector:
    encoder = EncoderConfig(hidden=2, people=2, masked=True, frames=16)
    one = hand_up_weights().config
    events = replace(one.stream.events, on_threshold=0.4, off_threshold=0.3)
    stream = replace(one.stream, events=events)
    config = DetectorFileConfig(detector=DetectorConfig(labels=labels, encoder=encoder, rate=rate), stream=stream)
    return LoadedDetector(name="near", path=Path("near"), sha256="0" * 64, detector=Near(), config=config)
