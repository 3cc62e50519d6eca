"""Tensors of a module by name: one name each, and all of them or an error; a hash of what tensors hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor, nn

SHOWN = 5
"""Names of each kind that an error message lists."""


def content_hash(*tensors: Tensor) -> str:
    """Changes with every value; 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for tensor in tensors:
        digest.update(np.ascontiguousarray(tensor.cpu().numpy()).data)
    return digest.hexdigest()


def distinct(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers without the second names that shared modules give them."""
    return dict([*module.named_parameters(), *module.named_buffers()])  # both skip what they have listed already


def check(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor], path: str | Path) -> None:
    """Compare names and shapes.

    Raises:
        ValueError: a tensor of ``wanted`` is missing from ``tensors``, is of another shape, or there are others.
    """
    missing, unexpected = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    shapes = [
        f"{name}: expected {tuple(wanted[name].shape)}, got {tuple(tensors[name].shape)}"
        for name in sorted(wanted.keys() & tensors.keys())
        if wanted[name].shape != tensors[name].shape
    ]
    if missing or unexpected or shapes:
        raise ValueError(
            f"{path} does not fit the model; missing: {_shown(missing)}, unexpected: {_shown(unexpected)},"
            f" shapes: {_shown(shapes)}"
        )


def fill(module: nn.Module, tensors: Mapping[str, Tensor], path: str | Path) -> None:
    """Make ``tensors`` the parameters and buffers of ``module``, which may be on the meta device.

    The tensors keep their type and device. ``path`` is where they came from, for messages.

    Raises:
        ValueError: names or shapes do not fit; nothing has changed then.
    """
    check(distinct(module), tensors, path)
    module.load_state_dict(tensors, strict=False, assign=True)  # not strict: second names need not be there


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{names[:SHOWN]}{more}"
