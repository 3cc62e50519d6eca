"""What an evaluation has to know of weights: their encoder, their content, and what they were made on."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from usdrl_model import checkpoint, hub
from usdrl_model.encoder import DSTE, STTR
from usdrl_model.encoder_config import EncoderConfig
from usdrl_model.projectors import ProjectorConfig
from usdrl_model.topology import CANONICAL_JOINTS
from usdrl_model.usdrl import load_encoder


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pretrained:
    """Weights to evaluate."""

    path: str
    """What ``usdrl.load_encoder`` and ``checkpoint.load`` take."""
    encoder: DSTE | STTR
    """In evaluation mode, on the CPU."""
    projectors: ProjectorConfig | None
    sets: tuple[str, ...]
    """Data sets that they were made on; empty where the file does not say."""
    hash: str
    """Of the encoder's shape and tensors, wherever they lie."""

    @classmethod
    def open(cls, path: str | Path) -> Pretrained:
        """Read a pretrained model (``hub.find``) or a detector (``checkpoint.resolve``).

        Raises:
            FileNotFoundError: neither is there.
            ValueError: a damaged file.
        """
        projectors = None
        if checkpoint.is_detector(path):
            weights = checkpoint.load(path, "cpu")
            encoder, sets = weights.trained.encoder, _sets_of_detector(weights.config.training)
        else:
            stored = hub.find(path).config
            encoder, projectors, sets = load_encoder(path), stored.projectors, _sets_of_model(stored.source)
        return cls(path=str(path), encoder=encoder, projectors=projectors, sets=sets, hash=content_hash(encoder))

    @property
    def shape(self) -> EncoderConfig:
        """Of the encoder."""
        return self.encoder.config

    def check_joints(self) -> None:
        """Refuse weights that cannot see what data sets become; ValueError: another number of joints."""
        if self.shape.joints != len(CANONICAL_JOINTS):
            raise ValueError(
                f"{self.path}: made for {self.shape.joints} joints; windows have the {len(CANONICAL_JOINTS)}"
                " canonical ones, whatever the data set"
            )

    def check_transfer(self, targets: tuple[str, ...]) -> None:
        """Refuse weights that know the data to which they are to be transferred.

        Raises:
            ValueError: they were made on one of the sets ``targets``.
        """
        known = [name for name in targets if name in self.sets]
        if known:
            raise ValueError(
                f"transfer: {self.path} was trained on {', '.join(known)}, which it is to be transferred to:"
                " take weights made on other sets, or another benchmark"
            )


def content_hash(module: nn.Module) -> str:
    """16 hex digits of an encoder's configuration and tensors."""
    config: Any = module.config
    digest = hashlib.sha256(repr(sorted(dataclasses.asdict(config).items())).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def _sets_of_model(source: dict[str, str]) -> tuple[str, ...]:
    """Of what ``usdrl pretrain`` notes: "utd_mhad, sbu"; older files have it at the start of ``data`` alone."""
    said = source.get("sets") or source.get("data", "").partition(";")[0]
    return tuple(name.strip() for name in said.split(",") if name.strip())


def _sets_of_detector(training: dict[str, str]) -> tuple[str, ...]:
    """Of what ``usdrl finetune`` notes: "utkinect (subjects 01, 03), share 1; performer (...), share 0.5"."""
    return tuple(re.findall(r"(?:^|; )(\w+) \(", training.get("sources", "")))
