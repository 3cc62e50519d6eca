"""Pickles and object arrays of others, opened without running anything they ask for.

A pickle is a program: it can call any function it names. Here only numpy's constructors of plain arrays may be called;
whatever else is named stops the reading.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, BinaryIO

import numpy as np

_RECONSTRUCT = np.zeros(0).__reduce__()[0]
_FROM_BUFFER = np.zeros(1).__reduce_ex__(5)[0]
_SCALAR = np.float64(0.0).__reduce__()[0]


def _encode(text: str, encoding: str) -> bytes:
    """How old pickles write bytes; no other codec than this one."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"asks for the codec {encoding}")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _RECONSTRUCT for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _SCALAR for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _FROM_BUFFER for core in ("core", "_core")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"asks for {module}.{name}, which data has no need of")
        return _ALLOWED[module, name]


def load(file: BinaryIO, where: str) -> Any:
    """The lists, dictionaries, numbers, texts and numpy arrays of a pickle.

    Raises:
        ValueError: truncated, or it holds anything else.
    """
    try:
        return _Unpickler(file, encoding="latin1").load()
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(f"{where}: refused or damaged pickle ({error})") from None


def load_array(content: bytes, where: str) -> np.ndarray:
    """A ``.npy`` file, also one that holds objects.

    Raises:
        ValueError: truncated, or it holds objects other than those of ``load``.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[
            version
        ]
        shape, fortran, dtype = read_header(file)
        if not dtype.hasobject:
            file.seek(0)
            array: np.ndarray = np.load(file, allow_pickle=False)
            return array
    except (ValueError, KeyError, EOFError) as error:
        raise ValueError(f"{where}: damaged array ({error})") from None
    objects = load(file, where)
    if not isinstance(objects, np.ndarray) or objects.shape != shape:
        raise ValueError(f"{where}: expected an array of {shape} objects")
    return objects
