"""State dicts from files: one name a tensor, the expected shapes and types, finite numbers; or an error."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from usdrl_model.checkpoints.declared import check, listed
from usdrl_model.errors.shown import cut

EXACT = (torch.float32, torch.float64)
"""Types that networks compute in; half precision becomes the first."""
HALVES = (torch.float16, torch.bfloat16)

_LOG = logging.getLogger(__name__)


def tensors_hash(*tensors: Tensor) -> str:
    """16 hex digits of the values of tensors."""
    digest = hashlib.blake2b(digest_size=8)
    for tensor in tensors:
        digest.update(np.ascontiguousarray(tensor.cpu().numpy()).data)
    return digest.hexdigest()


def distinct(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, each once: shared modules give some of them several names."""
    return dict([*module.named_parameters(), *module.named_buffers()])  # both skip what they have listed already


@contextlib.contextmanager
def meta(path: str | Path) -> Iterator[None]:
    """Modules that are built in here have shapes but no numbers, so that the sizes in a file cost no memory.

    Raises:
        ValueError: sizes that no machine can hold; the message names ``path``, where they came from.
    """
    try:
        with torch.device("meta"):
            yield
    except (RuntimeError, OverflowError, TypeError) as error:  # what torch says of sizes beyond 64 bits
        raise ValueError(f"{path}: sizes that cannot be built ({cut(error)})") from None


def sound(tensors: Mapping[str, Tensor], path: str | Path, types: tuple[torch.dtype, ...] = EXACT) -> dict[str, Tensor]:
    """The tensors in one type: all float32, or all in another of ``types``. Others become float32, which is logged.

    Raises:
        ValueError: numbers that are not finite or of an unsupported type, the message names the tensor; or all are 0.
    """
    found = {tensor.dtype for tensor in tensors.values() if tensor.is_floating_point()}
    if foreign := found - {*EXACT, *HALVES}:
        names = [name for name, tensor in tensors.items() if tensor.dtype in foreign]
        raise ValueError(
            f"{path}: {listed(names)}: numbers of type {', '.join(sorted(map(_kind, foreign)))}; expected float32,"
            " float64, float16 or bfloat16: convert the file"
        )
    check_finite(tensors, path)
    if tensors and not any(bool(tensor.any()) for tensor in tensors.values()):
        raise ValueError(f"{path}: all numbers are 0, and so nothing would ever be told: take another file")
    if len(found) < 2 and found <= {*types}:
        return dict(tensors)
    # All in one half is how weights are shipped, and every half is a float32; a mixture may be a mistake.
    level = logging.INFO if len(found) == 1 and found <= {*HALVES} else logging.WARNING
    _LOG.log(level, f"{path}: weights in {' and '.join(sorted(map(_kind, found)))}, computed in {_kind(EXACT[0])}")
    return {name: tensor.to(EXACT[0]) if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def check_finite(content: Any, path: str | Path) -> None:
    """Refuse NaN and infinite numbers in the tensors of nested mappings and sequences; ValueError names the first."""
    for name, tensor in _named(content):
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            count = int((~torch.isfinite(tensor)).sum())
            raise ValueError(
                f"{path}: {cut(name)}: {count} of {tensor.numel()} numbers are NaN or infinite, and so"
                " would be every result; the training went wrong or the file is damaged: take another file"
            )


def fill(module: nn.Module, tensors: Mapping[str, Tensor], path: str | Path) -> None:
    """Make ``tensors`` the parameters and buffers of ``module``, which may be on the meta device.

    The tensors keep their type and device. ``path`` is where they came from, for messages.

    Raises:
        ValueError: names or shapes do not fit; nothing has changed then.
    """
    check(distinct(module), tensors, path)
    module.load_state_dict(tensors, strict=False, assign=True)  # not strict: second names need not be there


def _named(content: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    if isinstance(content, Tensor):
        yield name, content
    elif isinstance(content, Mapping):
        for key, part in content.items():
            yield from _named(part, f"{name}.{key}" if name else str(key))
    elif isinstance(content, (list, tuple)):
        for index, part in enumerate(content):
            yield from _named(part, f"{name}.{index}")


def _kind(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
