"""One real numeric array out of a MATLAB 5 file.

By hand, because the only MATLAB files here hold one small array each, and because sizes are checked before anything is
allocated; SciPy would be a large dependency for it.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from usdrl_model.files import limits

_KINDS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_HEADER = 128


def read(content: bytes, variable: str, where: str) -> np.ndarray:
    """The array called ``variable``, float64 in MATLAB's shape.

    Raises:
        ValueError: not a MATLAB 5 file, truncated, or without that variable.
    """
    if len(content) < _HEADER or content[126:128] not in (b"IM", b"MI"):
        raise ValueError(f"{where}: expected a MATLAB 5 file")
    order = "<" if content[126:128] == b"IM" else ">"
    try:
        position = _HEADER
        while position < len(content):
            kind, data, position = _element(content, position, order)
            if kind == _COMPRESSED:
                unpacker = zlib.decompressobj()
                data = unpacker.decompress(data, limits.MATLAB + 1)
                limits.check(len(data), limits.MATLAB, "bytes, unpacked, of a variable")
                kind, data, _ = _element(data, 0, order)
            if kind == _MATRIX and (array := _matrix(data, variable, order)) is not None:
                return array
    except (struct.error, zlib.error, KeyError, ValueError) as error:
        raise ValueError(f"{where}: damaged MATLAB file ({error})") from None
    raise ValueError(f"{where}: has no variable {variable!r}")


def _element(content: bytes, position: int, order: str) -> tuple[int, bytes, int]:
    """(type, data, position after it) of the element at ``position``."""
    kind, size = struct.unpack_from(f"{order}II", content, position)
    if kind >> 16:  # up to four bytes sit in the tag itself
        return kind & 0xFFFF, content[position + 4 : position + 4 + (kind >> 16)], position + 8
    end = position + 8 + size
    if end > len(content):
        raise ValueError("it ends too early")
    return kind, content[position + 8 : end], end if kind == _COMPRESSED else end + -size % 8


def _matrix(data: bytes, variable: str, order: str) -> np.ndarray | None:
    _, _, position = _element(data, 0, order)
    _, dimensions, position = _element(data, position, order)
    _, name, position = _element(data, position, order)
    if name.decode("ascii") != variable:
        return None
    kind, values, _ = _element(data, position, order)
    shape = np.frombuffer(dimensions, f"{order}i4")
    limits.check(len(values), limits.MATLAB, "bytes of a variable")
    if (shape < 0).any():
        raise ValueError(f"a shape of {shape}")
    return np.frombuffer(values, f"{order}{_KINDS[kind]}").astype(np.float64).reshape(shape, order="F")
