"""``.npy`` and ``.npz`` files of others: what their headers claim is compared with what is there, then allocated.

Example::

    arrays = read_npz(io.BytesIO(content), "wave_01.npz")        # name -> array
"""

from __future__ import annotations

import io
import math
import tokenize
import warnings
from pathlib import Path
from typing import IO

import numpy as np

from usdrl_model.files import archives, limits

LONGEST_HEADER = 10_000
"""Bytes. It is read as Python, which must not take long."""


_HEADER_ERRORS = (
    ValueError, KeyError, EOFError, TypeError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError,
)  # fmt: skip
"""What numpy raises at a damaged one, which it reads as Python."""


def header(file: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether in Fortran's order, and type of an array; ``file`` then stands at its content.

    Raises:
        ValueError: damaged.
    """
    try:
        version = np.lib.format.read_magic(file)
        length_bytes = {(1, 0): 2, (2, 0): 4, (3, 0): 4}[version]
        begin = file.tell()
        length = int.from_bytes(file.read(length_bytes), "little")
        if length > LONGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        file.seek(begin)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of types that only older numpy had
            shape, fortran, dtype = read(file)
    except _HEADER_ERRORS as error:
        raise ValueError(f"{where}: damaged array ({str(error)[:200]})") from None
    if any(side < 0 for side in shape):
        raise ValueError(f"{where}: damaged array (a shape of {shape})")
    return shape, fortran, dtype


def read_npy(content: bytes, where: str) -> np.ndarray:
    """The array of a ``.npy`` file, read-only.

    Raises:
        ValueError: truncated, larger than it claims to be, or with objects instead of numbers and texts.
    """
    file = io.BytesIO(content)
    shape, fortran, dtype = header(file, where)
    if dtype.hasobject:
        raise ValueError(f"{where}: objects instead of numbers and texts")
    there = len(content) - file.tell()
    if dtype.itemsize * math.prod(shape) != there:
        raise ValueError(
            f"{where}: damaged array: {shape} of {dtype} is {dtype.itemsize * math.prod(shape)} bytes, it has {there}"
        )
    return plain(content, file.tell(), shape, fortran, dtype)


def plain(content: bytes, begin: int, shape: tuple[int, ...], fortran: bool, dtype: np.dtype) -> np.ndarray:
    """The array whose bytes begin at ``begin``; ValueError where numpy has no such array."""
    if not dtype.itemsize or not math.prod(shape):
        limits.check(max(shape, default=0), limits.NUMBERS, "an empty array with a side of")
        return np.zeros(shape, dtype)
    flat = np.frombuffer(content, dtype, math.prod(shape), begin)
    return flat.reshape(shape, order="F" if fortran else "C")


def read_npz(file: Path | IO[bytes], where: str) -> dict[str, np.ndarray]:
    """All arrays of a ``.npz`` file, which have at most ``limits.MEMBER`` bytes together.

    Raises:
        ValueError: damaged, too large, or with objects instead of numbers and texts.
    """
    with archives.Zip(file, where) as archive:
        limits.check(sum(map(archive.size, archive.names)), limits.MEMBER, f"{where}: bytes, unpacked")
        return {
            name.removesuffix(".npy"): read_npy(
                archive.read(name, limits.MEMBER), f"{where}: {name.removesuffix('.npy')}"
            )
            for name in archive.names
        }


def mapped(path: Path) -> np.ndarray:
    """The array of a ``.npy`` file, left on the disk.

    Raises:
        ValueError: damaged, or with objects.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        shape, fortran, dtype = header(file, str(path))
        begin, there = file.tell(), path.stat().st_size - file.tell()
    if dtype.hasobject or dtype.itemsize * math.prod(shape) != there:
        raise ValueError(f"{path}: damaged array: {shape} of {dtype} does not fit {there} bytes")
    if there == 0:  # nothing that could be mapped
        return plain(b"", 0, shape, fortran, dtype)
    return np.memmap(path, dtype, "r", begin, shape, "F" if fortran else "C")
