"""Globals that a pickle of data may name: numpy's plain arrays, types and numbers, times of ROS; from checked parts.

numpy's own constructors are never called with content of a file: its ``__setstate__`` trusts the type that the file
describes, and a forged one turns bytes of the file into an object.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from usdrl_model.errors.shown import shown
from usdrl_model.files import arrays

_PLAIN = re.compile(r"(b1|i[1248]|u[1248]|f[248]|[US][1-9]\d{0,6}|O8?)")
_ORDERS = ("<", ">", "|", "=")
_SIDES = 32


class RefusedError(ValueError):
    """A pickle uses something that data does not need, or contradicts itself."""


class Name:
    """A global that stands for one of the functions below."""

    def __init__(self, module: str, name: str) -> None:
        if (module, name) not in CALLS:
            raise RefusedError(f"asks for {shown(f'{module}.{name}')[1:-1]}, which data has no need of")
        self.call = CALLS[module, name]


class Unfinished:
    """An array or a type before its state is set."""

    def __init__(self, build: Callable[[Any], Any]) -> None:
        self.build = build
        self.places: list[int] = []
        """Index in the memo."""


def _dtype(text: Any, *_: Any) -> Unfinished:
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise RefusedError(f"asks for an array of {shown(text)}: expected numbers and texts")
    plain = np.dtype(text)

    def build(state: Any) -> np.dtype:
        # Version, byte order, sub-array, names, fields; sizes (again), alignment, flags, which follow from the type.
        if not isinstance(state, tuple) or len(state) not in (8, 9) or any(part is not None for part in state[2:5]):
            raise RefusedError("asks for an array of compound values")
        if state[1] not in _ORDERS:
            raise RefusedError(f"asks for the byte order {shown(state[1])}")
        return plain.newbyteorder(state[1])

    return Unfinished(build)


def _empty_array(kind: Any, *_: Any) -> Unfinished:
    if not isinstance(kind, Name) or kind.call is not _array_type:
        raise RefusedError("asks for an array that is none")

    def build(state: Any) -> np.ndarray:
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise RefusedError("has an array without its state")
        shape, dtype, fortran, content = state[-4:]
        return _array(shape, dtype, bool(fortran), content)

    return Unfinished(build)


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return _array(shape, dtype, order == "F", content)


def _scalar(dtype: Any, content: Any = b"") -> Any:
    if isinstance(dtype, np.dtype) and dtype.hasobject:
        raise RefusedError("asks for a number that is an object")
    return _array((1,), dtype, False, content)[0]


def _array(shape: Any, dtype: Any, fortran: bool, content: Any) -> np.ndarray:
    if (
        not isinstance(shape, tuple)
        or len(shape) > _SIDES
        or not all(type(side) is int and side >= 0 for side in shape)
    ):
        raise RefusedError(f"has an array with the shape {shown(shape)}")
    if not isinstance(dtype, np.dtype):
        raise RefusedError("has an array without a type")
    count = math.prod(shape)
    if dtype.hasobject:
        if not isinstance(content, list) or len(content) != count:
            raise RefusedError(f"has an array of {shape} objects without as many")
        flat = np.empty(count, object)
        for place, value in enumerate(content):
            flat[place] = value
        return flat.reshape(shape, order="F" if fortran else "C")
    content = _bytes(content)
    if len(content) != count * dtype.itemsize:
        raise RefusedError(f"has {len(content)} bytes for an array of {shape} {dtype}")
    return arrays.plain(content, 0, shape, fortran, dtype)


def _bytes(content: Any) -> bytes:
    """Bytes; Python 2 wrote them as text."""
    if isinstance(content, str):
        try:
            return content.encode("latin-1")
        except UnicodeEncodeError:
            raise RefusedError("has text where bytes belong") from None
    if not isinstance(content, (bytes, bytearray)):
        raise RefusedError(f"has {type(content).__name__} where bytes belong")
    return bytes(content)


def _encode(text: Any, encoding: Any = None) -> bytes:
    """How old pickles encode bytes; the only codec that is allowed."""
    if encoding != "latin1":
        raise RefusedError(f"asks for the codec {shown(encoding)}")
    return _bytes(text)


def _time() -> Unfinished:
    """A time of ROS 1: exact seconds, which a float of today's would round to a quarter of a microsecond."""

    def build(state: Any) -> Fraction:
        if not isinstance(state, list) or len(state) != 2 or any(type(part) is not int for part in state):
            raise RefusedError("has a time that is not seconds and nanoseconds")
        if not all(0 <= part < 2**32 for part in state):
            raise RefusedError("has a time beyond 32 bits")
        return state[0] + Fraction(state[1], 10**9)

    return Unfinished(build)


def _array_type(*_: Any) -> Any:
    """``numpy.ndarray`` is named as the class for ``_reconstruct``, but never called."""
    raise RefusedError("asks for numpy.ndarray, which data has no need of")


CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _array_type,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _encode,
    ("rospy.rostime", "Time"): _time,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _empty_array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
}
"""Every global that a pickle may name."""
