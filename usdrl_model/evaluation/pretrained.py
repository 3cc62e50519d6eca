"""Weights under evaluation: encoder, content hash, and the data that they were trained on."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from usdrl_model.checkpoints.pretrained_models import encoder_of, find_encoder
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data.protocols import Split
from usdrl_model.data.store import Store
from usdrl_model.evaluation.benchmark import Benchmark
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import Encoder
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.skeleton.topology import CANONICAL_JOINTS

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pretrained:
    """Weights to evaluate."""

    path: str
    """What ``find_encoder`` takes."""
    encoder: Encoder
    """In evaluation mode, on the CPU."""
    projectors: ProjectorConfig | None
    made: Provenance
    """What they were made on."""
    hash: str
    """Hash of the encoder's configuration and tensors, independent of the path."""

    @classmethod
    def open(cls, path: str | Path) -> Pretrained:
        """Read a pretrained model or a detector, see ``find_encoder``.

        Raises:
            FileNotFoundError: neither is there.
            ValueError: a damaged file.
        """
        stored = find_encoder(path)
        encoder = encoder_of(stored).float()  # as the windows of every data set are
        return cls(
            path=str(path),
            encoder=encoder,
            projectors=stored.config.projectors,
            made=stored.config.provenance,
            hash=content_hash(encoder),
        )

    @property
    def shape(self) -> EncoderConfig:
        """Of the encoder."""
        return self.encoder.config

    @property
    def official(self) -> bool:
        """Whether they are those of an official checkpoint, which saw other windows than those of this package."""
        return bool(self.made.file)

    def about_input(self, *, official: bool) -> str:
        """What windows the weights of an official checkpoint see, for a log or page; empty of others.

        Args:
            official: those of the authors (``windows.official``), which take whole clips of a Kinect v2.
        """
        if not self.official:
            return ""
        if official:
            return "weights of an official checkpoint see raw joints, centred and turned as the authors give them"
        return (
            "weights of an official checkpoint see other windows here than the authors give them: the people seen"
            " longest, not those who move most, turned about the vertical by the line between the two or by the"
            " shoulders in all frames, not by those in the first one; their published numbers are not to be expected"
        )

    def check_joints(self) -> None:
        """Raise ValueError for weights with another number of joints than the canonical 25."""
        if self.shape.joints != len(CANONICAL_JOINTS):
            raise ValueError(
                f"{self.path}: made for {self.shape.joints} joints; windows have the {len(CANONICAL_JOINTS)}"
                " canonical ones, whatever the data set"
            )

    def check_unseen(self, targets: tuple[str, ...], where: str = "transfer") -> None:
        """Refuse weights that were trained on data that have to be new to them.

        Args:
            targets: sets that they must not know.
            where: what is evaluated, for the message.

        Raises:
            ValueError: they were made on one of the sets ``targets``.
        """
        if not self.made.complete:
            _LOG.warning(
                f"{self.path} does not say all that it was made on, so nobody checks whether it knows"
                f" {' or '.join(targets)}; usdrl convert --made-on SET says it for an official checkpoint"
            )
        known = [name for name in targets if name in self.made.sets]
        if known:
            raise ValueError(
                f"{where}: {self.path} was trained on {', '.join(known)}, which must be new to it:"
                " take weights made on other sets, or another benchmark"
            )


def known_people(weights: Pretrained, benchmark: Benchmark, store: Store) -> tuple[str, ...]:
    """Test people whose recordings the weights were trained on; none if only training parts were used.

    Args:
        weights: whose provenance says so.
        benchmark: which splits are tested.
        store: its data.
    """
    used = [one for one in weights.made.data if one.set in benchmark.target_sets]
    known: set[str] = set()
    for split in benchmark.splits:
        test = store.select(split=f"{split}/test")
        people = {str(test.describe(index).subject) for index in range(len(test))}
        part = benchmark.data, f"{split}/train"
        known |= {name for one in used if (one.set, one.split) != part for name in people & {*one.subjects}}
    return tuple(sorted(known))


def known_recordings(weights: Pretrained, benchmark: Benchmark, store: Store) -> int:
    """Test recordings that the weights were trained on by a part of the set that names no people; arguments as above.

    A part that the set does not have counts as all of it.
    """
    parts = [_part(one) for one in weights.made.data if one.set == benchmark.data and not one.subjects]
    tests = [store.select(split=f"{split}/test") for split in benchmark.splits]
    clips = [test.describe(index) for test in tests for index in range(len(test))] if parts else []
    return sum(any(part is None or part.has(clip) for part in parts) for clip in clips)


def _part(used: DataUsed) -> Split | None:
    """The part of the set that was used; None: all of it."""
    try:
        return Split.of(used.set, used.split) if used.split else None
    except ValueError:
        return None


def content_hash(module: nn.Module) -> str:
    """16 hex digits of an encoder's configuration and tensors."""
    config: Any = module.config
    digest = hashlib.sha256(repr(sorted(dataclasses.asdict(config).items())).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]
