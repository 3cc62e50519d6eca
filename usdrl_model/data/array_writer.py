"""A ``.npy`` file that is appended to, and joints that fit half precision."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_HEADER = 128
"""Size of the header of a .npy file, bytes; the length is filled in at the end."""


class ArrayWriter:
    """A .npy file that is appended to; its header is written at the end.

    Args:
        path: of the file, which must not exist.
        dtype: of the values.
        tail: shape of one of them.
    """

    def __init__(self, path: Path, dtype: np.dtype, tail: Sequence[int]) -> None:
        self.dtype, self.tail, self.length = dtype, tuple(tail), 0
        self.digest = hashlib.sha256()
        self.file = path.open("xb")
        self.file.write(bytes(_HEADER))

    def add(self, values: np.ndarray) -> None:
        """Append values (R, ...), in the type of the file."""
        with np.errstate(over="ignore"):  # too far for half precision becomes infinite, which readers treat as invalid
            content = np.ascontiguousarray(values, self.dtype).tobytes()
        self.length += len(values)
        self.digest.update(content)
        self.file.write(content)

    def finish(self) -> str:
        """Write the header and close the file; returns the SHA-256 of the content."""
        shape = (self.length, *self.tail)
        header = f"{{'descr': '{self.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
        size = _HEADER - 10
        self.file.seek(0)
        self.file.write(b"\x93NUMPY\x01\x00" + size.to_bytes(2, "little") + header.ljust(size - 1).encode() + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        return self.digest.hexdigest()


def centred(joints: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Joints (R, V, 3) relative to their median, and that median; missing joints (all 0 or not finite) become NaN."""
    there = np.isfinite(joints).all(axis=2) & (joints != 0.0).any(axis=2)
    if not there.any():
        return np.full_like(joints, np.nan), (0.0, 0.0, 0.0)
    x, y, z = (round(float(value), 3) for value in np.median(joints[there], axis=0))
    return np.where(there[:, :, None], joints - (x, y, z), np.nan), (x, y, z)
