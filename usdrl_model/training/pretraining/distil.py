"""Distillation: a small encoder learns to say of a view what a large, pretrained one says of it.

Two linear layers predict the teacher's features from the student's, of the clip and of every frame (temporal stream),
standardised over the batch so that all count alike. The layers are thrown away afterwards. The views are those of
pretraining.

Letters: K views, N clips, T frames, M people, V joints, D features.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from usdrl_model.checkpoints import encoder_file
from usdrl_model.checkpoints.encoder_file import EncoderFileConfig
from usdrl_model.checkpoints.pretrained_models import load_encoder
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.checkpoints.state_dict import distinct
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import Encoder, build_encoder
from usdrl_model.training import distributed
from usdrl_model.windows.resample import resize

CLIP, FRAMES = "clip features", "frame features"
"""Names of the terms."""


class Student(nn.Module):
    """An encoder, and what predicts the features of its teacher from its own."""

    def __init__(self, encoder: EncoderConfig, teacher: EncoderConfig) -> None:
        super().__init__()
        self.backbone = build_encoder(encoder)
        self.clip = nn.Linear(encoder.features, teacher.features)
        self.frames = nn.Linear(encoder.hidden, teacher.hidden)

    def forward(self, x: Tensor, shares: Tensor | None = None) -> dict[str, Tensor]:
        """Predictions of the teacher's features of windows (N, T, M, V, 3): clip (N, D), temporal tokens (N, T, D)."""
        tokens = self.backbone(x, shares)
        clip = self.clip(self.backbone.pooled(tokens))
        return {CLIP: clip, FRAMES: self.frames(tokens["temporal"])}

    def save_pretrained(self, path: str | Path, provenance: Provenance | None = None) -> None:
        """Write the encoder alone, as ``USDRL.save_pretrained``."""
        tensors = {name: tensor for name, tensor in distinct(self).items() if name.startswith("backbone.")}
        config = EncoderFileConfig(encoder=self.backbone.config, provenance=provenance or Provenance())
        encoder_file.write(path, config, tensors)


class Teacher:
    """A pretrained encoder that is asked, and does not learn.

    Args:
        source: its weights, as ``load_encoder`` takes them.
        student: the encoder that learns.
        device: where it runs.
        precision: of its matrix products.

    Raises:
        ValueError: windows of the student mean something else to the teacher, or one has no temporal stream.
    """

    def __init__(self, source: str, student: EncoderConfig, device: torch.device, precision: torch.dtype) -> None:
        self.encoder: Encoder = load_encoder(source).to(device).requires_grad_(False)
        self.precision = precision
        own = self.encoder.config
        for config in (own, student):
            if "temporal" not in config.streams:
                raise ValueError(
                    f"encoder.streams: a teacher and its student need the temporal one, got {config.streams}"
                )
        for name in ("people", "joints", "centre", "masked"):
            if getattr(own, name) != getattr(student, name):
                raise ValueError(
                    f"encoder.{name}: expected that of the teacher {source} ({getattr(own, name)}),"
                    f" got {getattr(student, name)}"
                )

    def terms(self, predicted: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
        """How far predictions of ``Student`` are from the features of windows x (N, T, M, V, 3), as mean squares."""
        with torch.no_grad(), torch.autocast(x.device.type, self.precision, enabled=self.precision != torch.float32):
            tokens = self.encoder(resize(x, self.encoder.config.frames))
            clip = self.encoder.pooled(tokens).float()
            frames = resize(tokens["temporal"].float(), x.shape[1])
        return {
            CLIP: _error(predicted[CLIP].float(), _standard(clip, (0,))),
            FRAMES: _error(predicted[FRAMES].float(), _standard(frames, (0, 1))),
        }


def _error(predicted: Tensor, features: Tensor) -> Tensor:
    """Mean square over the windows of all processes."""
    return distributed.total(F.mse_loss(predicted, features)) / distributed.count()


def _standard(features: Tensor, over: tuple[int, ...]) -> Tensor:
    """Features with the mean 0 and the deviation 1 over the windows of all processes."""
    count = features[..., 0].numel() * distributed.count()
    centred = features - distributed.total(features.sum(dim=over, keepdim=True)) / count
    variance = distributed.total(centred.square().sum(dim=over, keepdim=True)) / (count - 1)
    return centred / variance.sqrt().clamp(min=1e-6)
