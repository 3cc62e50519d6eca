"""Safetensors files from anywhere, read from disk once: what a file declares is checked before its numbers are read.

    with opened(path) as file:                     # the header only, no longer than MAX_HEADER
        tensors, sha256 = file.read(wanted)        # as many bytes as these shapes need, and no more
        arrays, sha256 = file.arrays(wanted)       # the same as arrays of numpy, where torch may be missing

``wanted`` are the tensors of a module on the meta device, or ``Declared``, so that a size in a configuration costs
nothing until header and length of the file confirm it. The library reads a file by mapping it into memory, so that its
bytes can change after they were hashed, or from a copy of all of it; here each tensor is read into its own memory and
hashed on the way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from usdrl_model.checkpoints.declared import SIZES, Declared, Shaped, check
from usdrl_model.errors.shown import cut, shown
from usdrl_model.files import atomic_file, git_lfs
from usdrl_model.files.documents import parse_json

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MAX_HEADER = 4 * 2**20
"""Bytes; that of the largest official model has 20 thousand."""
_IN_TORCH = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8",
    "BOOL": "bool",
}  # fmt: skip
_IN_NUMPY = {"F32": np.float32, "F16": np.float16}
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
        self, wanted: Mapping[str, Shaped], types: tuple[torch.dtype, ...] | None = None
    ) -> tuple[dict[str, Tensor], str]:
        """The tensors, in one type (``state_dict.sound``), and the SHA-256 of the file; once.

        Args:
            wanted: name -> what has the shape that is expected.
            types: of floating-point numbers that stay as they are (``state_dict.EXACT`` where left out); others become
                float32.

        Raises:
            ValueError: a damaged file, other names or shapes, or numbers that are not finite.
        """
        import torch

        from usdrl_model.checkpoints import state_dict

        content, sha256 = self._content(wanted)
        tensors = {}
        for name, declared in self._declared.items():
            kind = getattr(torch, _IN_TORCH[declared.kind])
            # torch cannot see an empty array as numbers of another size.
            flat = torch.from_numpy(content[name]).view(kind) if declared.nbytes else torch.empty(0, dtype=kind)
            tensors[name] = flat.reshape(declared.shape)
        return state_dict.sound(tensors, self.path, types or state_dict.EXACT), sha256

    def arrays(self, wanted: Mapping[str, Shaped]) -> tuple[dict[str, np.ndarray], str]:
        """The tensors as float32 arrays, and the SHA-256 of the file; once.

        Raises:
            ValueError: as ``read``, or numbers other than of single or half precision.
        """
        content, sha256 = self._content(wanted)
        arrays = {}
        for name, declared in self._declared.items():
            if declared.kind not in _IN_NUMPY:
                raise ValueError(f"{self.path}: {cut(name)}: expected float32 or float16, got {declared.kind}")
            array = content[name].view(_IN_NUMPY[declared.kind]).reshape(declared.shape).astype(np.float32, copy=False)
            if not np.isfinite(array).all():
                raise ValueError(f"{self.path}: {cut(name)}: numbers that are NaN or infinite: take another file")
            arrays[name] = array
        return arrays, sha256

    def _content(self, wanted: Mapping[str, Shaped]) -> tuple[dict[str, np.ndarray], str]:
        """The bytes of every tensor, and the hash."""
        check(wanted, self._declared, self.path)
        digest = hashlib.sha256(self._start)
        content = {}
        for name, declared in self._declared.items():
            content[name] = np.empty(declared.nbytes, np.uint8)
            if self._file.readinto(content[name].data) < declared.nbytes:
                raise _damaged(self.path, "it became shorter while it was read")
            digest.update(content[name].data)
        return content, digest.hexdigest()


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
        git_lfs.check(file.peek(len(git_lfs.BEGIN)), path)
        yield TensorFile(path, file)


def write(path: str | Path, tensors: Mapping[str, Tensor] | Mapping[str, np.ndarray], texts: Mapping[str, str]) -> None:
    """Write tensors, and texts into the header; the file is there as a whole or not at all (``atomic_file``)."""
    atomic_file.write_bytes(path, encoded(tensors, texts))


def encoded(tensors: Mapping[str, Tensor] | Mapping[str, np.ndarray], texts: Mapping[str, str]) -> bytes:
    """The bytes of a file that holds tensors, all of torch or all of numpy, and texts in its header."""
    if any(isinstance(one, np.ndarray) for one in tensors.values()):
        from safetensors.numpy import save as save_arrays

        return save_arrays({name: np.ascontiguousarray(one) for name, one in tensors.items()}, dict(texts))
    from safetensors.torch import save

    of_torch = cast("Mapping[str, Tensor]", tensors)
    return save({name: one.detach().cpu().contiguous() for name, one in of_torch.items()}, dict(texts))


def _header(path: Path, file: BufferedReader) -> tuple[bytes, dict[str, Any]]:
    """The start of the file up to its numbers, and the header in it, whose length is checked before it is read."""
    length_field = file.read(8)
    room = os.fstat(file.fileno()).st_size - 8
    length = struct.unpack("<Q", length_field)[0] if len(length_field) == 8 else 0
    if not 0 < length <= min(room, MAX_HEADER):
        raise _damaged(path, f"a header of {length} bytes; there is room for {max(0, min(room, MAX_HEADER))}")
    text = file.read(length)
    try:
        header = parse_json(text, "header", MAX_HEADER)
    except ValueError as error:
        raise _damaged(path, error) from None
    if not isinstance(header, dict):
        raise _damaged(path, "a header without names")
    return length_field + text, header


def _declared(path: Path, header: Mapping[str, Any], room: int) -> dict[str, Declared]:
    """Name -> what a header declares, in the order of the bytes, which fill ``room``."""
    declared, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: _offsets(path, *item)):
        kind = str(entry.get("dtype"))
        if kind not in SIZES:
            raise ValueError(f"{path}: {cut(name)}: numbers of type {shown(entry.get('dtype'))}; convert the file")
        try:
            declared[name] = Declared(kind, tuple(entry["shape"]))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
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
