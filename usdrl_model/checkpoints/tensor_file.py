"""Safetensors files from anywhere, read from disk once: what a file declares is checked before its numbers are read.

    with opened(path) as file:                     # the header only, no longer than MAX_HEADER
        tensors, sha256 = file.read(wanted)        # as many bytes as these shapes need, and no more

``wanted`` are the tensors of a module on the meta device, so that a size in a configuration costs nothing until header
and length of the file confirm it. The library reads a file by mapping it into memory, so that its bytes can change
after they were hashed, or from a copy of all of it; here each tensor is read into its own memory and hashed on the way.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from usdrl_model.checkpoints import state_dict as named_tensors
from usdrl_model.errors.shown import cut, shown
from usdrl_model.files import atomic_file

MAX_HEADER = 4 * 2**20
"""Bytes; that of the largest official model has 20 thousand."""
TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "I64": torch.int64, "I32": torch.int32,
    "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
"""Types of a header; others hold nothing that a model of this package has."""
_TEXTS = "__metadata__"


class TensorFile:
    """An open file whose header has been read; see ``opened``."""

    def __init__(self, path: Path, file: BufferedReader) -> None:
        self.path = path
        self._file = file
        self._start, header = _header(path, file)
        texts = header.pop(_TEXTS, None)
        self.texts: dict[str, str] = texts if isinstance(texts, dict) else {}
        self._declared = _declared(path, header, os.fstat(file.fileno()).st_size - len(self._start))

    def read(
        self, wanted: Mapping[str, Tensor], types: tuple[torch.dtype, ...] = named_tensors.EXACT
    ) -> tuple[dict[str, Tensor], str]:
        """The tensors, in one type (``state_dict.sound``), and the SHA-256 of the file; once.

        Args:
            wanted: name -> tensor of the shape that is expected, on the meta device.
            types: of floating-point numbers that stay as they are; others become float32.

        Raises:
            ValueError: a damaged file, other names or shapes, or numbers that are not finite.
        """
        named_tensors.check(wanted, self._declared, self.path)
        digest = hashlib.sha256(self._start)
        tensors = {name: torch.empty_like(declared, device="cpu") for name, declared in self._declared.items()}
        for tensor in tensors.values():
            content = tensor.reshape(-1).view(torch.uint8).numpy()
            if self._file.readinto(content.data) < len(content):
                raise _damaged(self.path, "it became shorter while it was read")
            digest.update(content.data)
        return named_tensors.sound(tensors, self.path, types), digest.hexdigest()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[TensorFile]:
    """A file with its header read.

    Raises:
        FileNotFoundError: no such file.
        OSError: it cannot be read.
        ValueError: no safetensors file, or a damaged one.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; install or convert the weights again")
    with path.open("rb") as file:
        yield TensorFile(path, file)


def write(path: str | Path, tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> None:
    """Write tensors, and texts into the header; the file is there as a whole or not at all (``atomic_file``)."""
    atomic_file.write_bytes(path, encoded(tensors, texts))


def encoded(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> bytes:
    """The bytes of a file that holds tensors, and texts in its header."""
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(stored, dict(texts))


def _header(path: Path, file: BufferedReader) -> tuple[bytes, dict[str, Any]]:
    """The start of the file up to its numbers, and the header in it, whose length is checked before it is read."""
    length_field = file.read(8)
    room = os.fstat(file.fileno()).st_size - 8
    length = struct.unpack("<Q", length_field)[0] if len(length_field) == 8 else 0
    if not 0 < length <= min(room, MAX_HEADER):
        raise _damaged(path, f"a header of {length} bytes; there is room for {max(0, min(room, MAX_HEADER))}")
    text = file.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from None
    if not isinstance(header, dict):
        raise _damaged(path, "a header without names")
    return length_field + text, header


def _declared(path: Path, header: Mapping[str, Any], room: int) -> dict[str, Tensor]:
    """Name -> tensor on the meta device, as a header declares it, in the order of the bytes, which fill ``room``."""
    declared, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: _offsets(path, *item)):
        kind = TYPES.get(str(entry.get("dtype")))
        if kind is None:
            raise ValueError(f"{path}: {cut(name)}: numbers of type {shown(entry.get('dtype'))}; convert the file")
        with named_tensors.meta(path):
            declared[name] = torch.empty(entry["shape"], dtype=kind)
        start, end = end, end + declared[name].nbytes
        if _offsets(path, name, entry) != (start, end):
            raise _damaged(path, f"{cut(name)}: expected bytes {start} to {end}, got {shown(entry['data_offsets'])}")
    if end != room:
        raise _damaged(path, f"expected {end} bytes of numbers, got {room}")
    return declared


def _offsets(path: Path, name: str, entry: Any) -> tuple[int, int]:
    """First byte of a tensor and the one after its last, as a header declares them."""
    if isinstance(entry, dict) and isinstance(entry.get("shape"), list):
        match entry.get("data_offsets"):
            case [int(start), int(end)]:
                return start, end
    raise _damaged(path, f"{cut(name)}: no shape or place")


def _damaged(path: Path, reason: object) -> ValueError:
    return ValueError(f"{path}: damaged or no safetensors file ({cut(reason)}); get it again")
