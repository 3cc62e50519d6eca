"""Safetensors files from anywhere: what a file declares is checked before anything is built or read.

    wanted = distinct(module)                      # of a module on the meta device: shapes only
    tensors = read("model.safetensors", wanted)    # as many bytes as these shapes need, and no more

A size in a configuration costs nothing until it is believed, so the module is built on the meta device, and its shapes
are compared with those in the header of the file, which itself can be no longer than ``MAX_HEADER``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from usdrl_model.checkpoints import state_dict as named_tensors
from usdrl_model.errors.shown import cut
from usdrl_model.files import atomic_file

MAX_HEADER = 4 * 2**20
"""Bytes; that of the largest official model has 20 thousand."""
MAX_CONFIG = 2**20
"""Bytes of a ``config.json``; the usual one has two thousand."""
TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "I64": torch.int64, "I32": torch.int32,
    "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
"""Types of a header; others hold nothing that a model of this package has."""


def metadata(path: Path) -> dict[str, str]:
    """The texts in the header of a file; errors as ``read``."""
    with _opened(path) as file:
        return dict(file.metadata() or {})


def read(
    path: Path, wanted: Mapping[str, Tensor], kinds: tuple[torch.dtype, ...] = named_tensors.EXACT
) -> dict[str, Tensor]:
    """The tensors of a file, as they can be computed with (``tensors.sound``).

    Args:
        path: the file.
        wanted: name -> tensor of the shape that is expected, on the meta device.
        kinds: of floating-point numbers that may stay as they are, see ``tensors.sound``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no safetensors file, a damaged one, other names or shapes, or numbers that are not finite.
    """
    with _opened(path) as file:
        declared = {}
        for name in file.keys():  # noqa: SIM118 (not a mapping)
            part = file.get_slice(name)
            kind = TYPES.get(part.get_dtype())
            if kind is None:
                raise ValueError(f"{path}: {cut(name)}: numbers of type {part.get_dtype()}")
            declared[name] = torch.empty(part.get_shape(), dtype=kind, device="meta")
        named_tensors.check(wanted, declared, path)
        try:
            tensors = {name: file.get_tensor(name) for name in declared}
        except SafetensorError as error:
            raise _damaged(path, error) from None
    return named_tensors.sound(tensors, path, kinds)


def write(path: str | Path, tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> None:
    """Write tensors, and texts into the header; the file is there as a whole or not at all (``atomic_file``)."""
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    atomic_file.write_bytes(path, save(stored, dict(texts)))


def config_text(path: Path) -> str:
    """A configuration beside the tensors.

    Raises:
        ValueError: longer than any configuration is.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_CONFIG + 1)
    if len(content) > MAX_CONFIG:
        raise ValueError(f"{path}: longer than {MAX_CONFIG} bytes, so no configuration; get it again")
    return content.decode("utf-8", errors="replace")


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; install or convert the weights again")
    try:
        _check_header(path)
        return safe_open(path, "pt")
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from None


def _check_header(path: Path) -> None:
    """Refuse a header longer than the file or than any header, before it is read."""
    with path.open("rb") as file:
        start = file.read(8)
    room = path.stat().st_size - 8
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 0 < length <= min(room, MAX_HEADER):
        raise _damaged(path, f"a header of {length} bytes; there is room for {max(0, min(room, MAX_HEADER))}")


def _damaged(path: Path, reason: object) -> ValueError:
    return ValueError(f"{path}: damaged or no safetensors file ({reason}); get it again")
