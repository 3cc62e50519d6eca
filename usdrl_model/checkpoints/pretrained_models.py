"""The two official models around an encoder: ``USDRL`` pretrains it, ``Downstream`` recognises actions with it.

    >>> model = USDRL(preset("tiny"))
    >>> {grain: tuple(z.shape) for grain, z in model(torch.zeros(4, 64, 2, 25, 3)).items()}
    {'temporal': (4, 256), 'spatial': (4, 256), 'instance': (4, 512)}
    >>> model.save_pretrained("folder")
    >>> recogniser = Downstream.from_pretrained("folder", classes=60)

Parameter names are the official ones; the encoder is ``backbone``.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor, nn

from usdrl_model.checkpoints import encoder_file, hub
from usdrl_model.checkpoints.encoder_file import EncoderFileConfig
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.checkpoints.state_dict import distinct, fill
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import DSTE, STTR, build_encoder
from usdrl_model.network.projectors import GRAINS, ProjectorConfig, build_projectors

FREE = {"drop_path", "causal", "mask_empty", "spatial_pool"}
"""Fields of an encoder that can change after pretraining, because its parameters stay the same."""


class USDRL(nn.Module):
    """Encoder and projectors, as pretrained."""

    def __init__(self, encoder: EncoderConfig, projectors: ProjectorConfig | None = None) -> None:
        super().__init__()
        self.projectors = projectors or ProjectorConfig()
        self.backbone = build_encoder(encoder)
        for name, projector in build_projectors(encoder, self.projectors).items():
            self.add_module(name, projector)

    def forward(self, x: Tensor, shares: Tensor | None = None) -> dict[str, Tensor]:
        """Project windows (N, T, M, V, 3); ``shares`` as the encoder takes them.

        Returns:
            "temporal" and "spatial" (N, 2 D) of the streams that run, "instance" (N, 4 D); sizes as configured.

        Raises:
            ValueError: another shape than the configuration asks for, or one window alone in training mode.
        """
        tokens = self.backbone(x, shares)
        features: dict[str, Tensor] = {s: self.backbone.pool(tokens, s) for s in self.backbone.config.streams}
        features["instance"] = torch.cat(list(features.values()), dim=1)
        return {grain: getattr(self, GRAINS[grain])(feature) for grain, feature in features.items()}

    @classmethod
    def from_pretrained(cls, source: str | Path, *, filename: str | None = None, revision: str | None = None) -> USDRL:
        """Load encoder and projectors, in evaluation mode, on the CPU; see ``hub.find`` for the arguments and errors.

        Raises:
            ValueError: also where the file has no projectors.
        """
        stored = hub.find(source, filename=filename, revision=revision)
        if stored.config.projectors is None:
            raise ValueError(f"{stored.path}: no projectors in it; use Downstream.from_pretrained or load_encoder")
        with torch.device("meta"):  # the tensors of the file take the place of its parameters
            model = cls(stored.config.encoder, stored.config.projectors)
        fill(model, stored.part("backbone", *GRAINS.values()), stored.path)
        return model.eval()

    def save_pretrained(self, path: str | Path, provenance: Provenance | None = None) -> None:
        """Write a folder, or one file where ``path`` ends in ``.safetensors``, with how it was made."""
        config = EncoderFileConfig(
            encoder=self.backbone.config, projectors=self.projectors, provenance=provenance or Provenance()
        )
        encoder_file.write(path, config, distinct(self))


class Downstream(nn.Module):
    """Encoder and one linear layer: the official recognition head, also applied to frames for detection."""

    def __init__(self, encoder: EncoderConfig, classes: int) -> None:
        super().__init__()
        if classes < 1:
            raise ValueError(f"classes must be above 0, got {classes}")
        self.backbone = build_encoder(encoder)
        self.fc = nn.Linear(encoder.features, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of windows (N, T, M, V, 3); ValueError for any other shape."""
        return self.fc(self.backbone.pooled(self.backbone(x)))

    def frames(self, x: Tensor) -> Tensor:
        """Logits (N, T, K) of every frame, by the same layer (official detection)."""
        return self.fc(self.backbone.dense(self.backbone(x)))

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        classes: int | None = None,
        filename: str | None = None,
        revision: str | None = None,
    ) -> Downstream:
        """Load encoder and ``fc``, in evaluation mode, on the CPU; see ``hub.find`` for the other arguments and errors.

        Args:
            source: see ``hub.find``.
            classes: K of a new ``fc``, with torch's initial values; left out, ``fc`` has to be in the file.
            filename: see ``hub.find``.
            revision: see ``hub.find``.

        Raises:
            ValueError: also where neither the file nor the caller has ``fc``, or both have and differ.
        """
        stored = hub.find(source, filename=filename, revision=revision)
        found = stored.config.classes
        if classes is None and found is None:
            raise ValueError(f"{stored.path}: no recognition layer (fc) in it; give classes, the number for a new one")
        if classes is not None and found is not None and classes != found:
            raise ValueError(
                f"{stored.path}: fc has {found} classes, {classes} asked for; put load_encoder in a new one"
            )
        with torch.device("meta"):
            model = cls(stored.config.encoder, found or classes or 0)
        if found is None:
            model.fc = nn.Linear(model.fc.in_features, model.fc.out_features)
            fill(model.backbone, stored.encoder(), stored.path)
        else:
            fill(model, stored.part("backbone", "fc"), stored.path)
        return model.eval()

    def save_pretrained(self, path: str | Path, provenance: Provenance | None = None) -> None:
        """Write a folder, or one file where ``path`` ends in ``.safetensors``, with how it was made."""
        config = EncoderFileConfig(
            encoder=self.backbone.config, classes=self.fc.out_features, provenance=provenance or Provenance()
        )
        encoder_file.write(path, config, distinct(self))


def load_encoder(
    source: str | Path,
    config: EncoderConfig | None = None,
    *,
    filename: str | None = None,
    revision: str | None = None,
) -> DSTE | STTR:
    """The encoder alone, in evaluation mode, on the CPU; see ``hub.find`` for the other arguments and errors.

    Args:
        source: see ``hub.find``.
        config: the encoder that is wanted; it may differ from the file's in ``FREE``, for example be causal.
        filename: see ``hub.find``.
        revision: see ``hub.find``.

    Raises:
        ValueError: also where ``config`` and the file differ in anything else; the message lists it.
    """
    stored = hub.find(source, filename=filename, revision=revision)
    own = stored.config.encoder
    wanted = config or own
    differing = [
        f"{f.name}: expected {getattr(wanted, f.name)}, got {getattr(own, f.name)}"
        for f in fields(EncoderConfig)
        if f.name not in FREE and getattr(wanted, f.name) != getattr(own, f.name)
    ]
    if differing:
        raise ValueError(f"{stored.path}: pretrained as another encoder; {'; '.join(differing)}")
    with torch.device("meta"):
        encoder = build_encoder(wanted)
    fill(encoder, stored.encoder(), stored.path)
    return encoder.eval()
