"""Clips of a store as pretraining takes them: without labels, without holes, cut to a length, all in one tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from usdrl_model.checkpoints.state_dict import tensors_hash
from usdrl_model.skeleton.clip import Clip
from usdrl_model.training.pretraining.views import Clips
from usdrl_model.windows.tracklets import MIN_FRAMES
from usdrl_model.windows.whole_clip import filled


@dataclass(frozen=True, slots=True)
class ClipPool:
    """All clips to train on."""

    clips: Clips

    @classmethod
    def of(cls, clips: Iterable[Clip], people: int, max_seconds: float, *, masked: bool = False) -> ClipPool:
        """Take people out of clips as ``whole_clip.filled`` does, and cut what is long.

        Args:
            clips: in canonical joints.
            people: M. With 1, every person of a clip becomes a clip; with more, the M who are seen longest stay
                together, and empty slots are zero.
            max_seconds: seconds; longer clips are cut into equal parts.
            masked: missing joints and empty slots are NaN, see ``WindowShape``.

        Raises:
            ValueError: fewer than two clips are left.
        """
        return cls.pack(parts(clips, people, max_seconds, masked=masked))

    @classmethod
    def pack(cls, found: Sequence[np.ndarray]) -> ClipPool:
        """Of ``parts``; errors as ``of``."""
        if len(found) < 2:
            raise ValueError(
                f"expected two clips or more to compare, each with a person in {MIN_FRAMES} frames, got {len(found)}:"
                " choose other sets or another split, or import more"
            )
        return cls(Clips.pack(found))

    def __len__(self) -> int:
        return len(self.clips.starts)

    @property
    def hash(self) -> str:
        """Hash of all clips, 16 hex digits."""
        return tensors_hash(self.clips.lengths, self.clips.frames)

    def to(self, device: torch.device) -> ClipPool:
        """The pool on another device, so that batches need no copy."""
        return ClipPool(Clips(*(tensor.to(device) for tensor in self.clips)))

    def batch(self, rows: Tensor, device: torch.device) -> Clips:
        """Clips ``rows`` (N,) on ``device``; those of a pool that lies elsewhere are packed and copied."""
        frames, starts, lengths = self.clips
        rows = rows.to(starts.device)
        starts, lengths = starts[rows], lengths[rows]
        if frames.device.type == device.type:
            return Clips(frames, starts, lengths)
        ends = starts + lengths
        packed = torch.cat([frames[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
        begin = lengths.cumsum(0) - lengths
        return Clips(packed.to(device), begin.to(device), lengths.to(device))


def parts(clips: Iterable[Clip], people: int, max_seconds: float, *, masked: bool = False) -> list[np.ndarray]:
    """(L, M, V, 3) each, of what a pool is made; arguments as of ``ClipPool.of``."""
    return [part for clip in clips for part in _parts(clip, people, max_seconds, masked)]


def _parts(clip: Clip, people: int, max_seconds: float, masked: bool) -> Iterator[np.ndarray]:
    """(L, M, V, 3) each."""
    seen: np.ndarray = np.any(clip.mask, axis=2)  # (T, people of the clip)
    order = np.argsort(-seen.sum(axis=0), kind="stable")
    groups = [[person] for person in order] if people == 1 else [sorted(order[:people])]
    for group in groups:
        bodies = filled(clip, slice(None), group, masked=masked)
        if len(bodies) < MIN_FRAMES:
            continue
        joints = np.full((len(bodies), people, *bodies.shape[2:]), np.nan if masked else 0.0, np.float32)
        joints[:, : len(group)] = bodies
        pieces = int(np.ceil(len(joints) / max(MIN_FRAMES, max_seconds * clip.rate))) if clip.rate else 1
        yield from np.array_split(joints, pieces)
