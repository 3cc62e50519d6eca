"""The two official models around an encoder, ``USDRL`` and ``Downstream``; and the encoder alone, from any weights.

    >>> _ = torch.manual_seed(0)
    >>> model = USDRL(EncoderConfig(hidden=16))
    >>> {grain: tuple(z.shape) for grain, z in model(torch.zeros(4, 64, 2, 25, 3)).items()}
    {'temporal': (4, 32), 'spatial': (4, 32), 'instance': (4, 64)}
    >>> load_encoder("foundation").config.hidden, load_encoder("hri").config.hidden
    (256, 128)

Parameter names are the official ones; the encoder is ``backbone``.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor, nn

from usdrl_model.checkpoints import detector_file, encoder_file, hub
from usdrl_model.checkpoints.encoder_file import EncoderFile, EncoderFileConfig
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.checkpoints.state_dict import distinct, fill
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import Encoder, build_encoder
from usdrl_model.network.embedding import with_mask
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
    """The official model for recognition: an encoder and one linear layer, also applied to frames for detection.

    Kept apart from ``Detector``, which this package trains and runs: this one has the names and the numbers of the
    official code, and neither labels nor a frame rate.
    """

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
                f"{stored.path}: fc has {found} classes, {classes} asked for; leave classes out, or take load_encoder"
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
) -> Encoder:
    """The encoder of a pretrained model or of a detector: ``encoder_of`` what ``find_encoder`` reads."""
    return encoder_of(find_encoder(source, filename=filename, revision=revision), config)


def find_encoder(source: str | Path, *, filename: str | None = None, revision: str | None = None) -> EncoderFile:
    """Read a pretrained model (see ``hub.find``), or the encoder of a detector (see ``detector_file.resolve``)."""
    if filename is None and revision is None and detector_file.is_detector(source):
        return detector_file.read_encoder(source)
    return hub.find(source, filename=filename, revision=revision)


def encoder_of(stored: EncoderFile, config: EncoderConfig | None = None) -> Encoder:
    """The encoder in a file that has been read, in evaluation mode, on the CPU.

    Args:
        stored: the file.
        config: the encoder that is wanted; it may differ from the file's in ``FREE``, for example be causal, and it may
            be ``masked`` where the file's is not (``with_mask``).

    Raises:
        ValueError: ``config`` and the file differ in anything else; the message lists it.
    """
    own = stored.config.encoder
    wanted = config or own
    differing = [
        f"{f.name}: expected {getattr(wanted, f.name)}, got {getattr(own, f.name)}"
        for f in fields(EncoderConfig)
        if f.name not in FREE
        and getattr(wanted, f.name) != getattr(own, f.name)
        and not (f.name == "masked" and wanted.masked)
    ]
    if differing:
        raise ValueError(
            f"{stored.path}: pretrained as another encoder; {'; '.join(differing)}: configure the encoder as those"
            " weights are, or take other weights"
        )
    with torch.device("meta"):
        encoder = build_encoder(wanted)
    tensors = stored.encoder()
    fill(encoder, with_mask(tensors, own) if wanted.masked and not own.masked else tensors, stored.path)
    return encoder.eval()
