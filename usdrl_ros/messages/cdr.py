"""Checks serialised messages (CDR) against their type before they are deserialised.

A deserialiser allocates as many elements as a sequence claims to have. ``Layout.end`` walks over the bytes instead,
skips numbers, and allocates nothing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

HEADER = 4
"""Bytes before the content, which name the encoding."""
SLACK = 3
"""Bytes that may follow the content, to a multiple of four."""
_ALIGNMENT = {b"\x00\x00": (">", 8), b"\x00\x01": ("<", 8), b"\x00\x06": (">", 4), b"\x00\x07": ("<", 4)}
"""Encoding -> byte order and largest alignment, of CDR and plain CDR 2."""
_SIZES = {
    **dict.fromkeys(("boolean", "octet", "char", "int8", "uint8", "byte"), 1),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int32", "uint32", "float"), 4),
    **dict.fromkeys(("int64", "uint64", "double"), 8),
}
_SEQUENCE = re.compile(r"sequence<(.+?)(?:, \d+)?>")
_ARRAY = re.compile(r"(.+)\[(\d+)\]")
_TEXT = re.compile(r"string(?:<\d+>)?")


class MalformedError(ValueError):
    """Bytes that are not a message of their type."""


class TooManyError(MalformedError):
    """A message with too many elements."""


Fields = Mapping[str, str]
"""Name -> type of every field, as ``get_fields_and_field_types`` of a message class has them."""
Step = Callable[["_Bytes", int], int]
"""(bytes, offset) -> offset after the field."""


class Layout:
    """Binary layout of one message type.

    Args:
        fields: of the message.
        other: message type, such as ``visualization_msgs/Marker`` -> fields that stand for its own.

    Raises:
        ValueError: an unknown type, or one that cannot be measured (wide strings).
    """

    def __init__(self, fields: Fields, other: Mapping[str, Fields] | None = None) -> None:
        self._step, _ = _message(fields, other or {})

    def end(self, data: bytes, most: int | None = None) -> int:
        """Offset of the end of a message in its bytes, header included.

        Args:
            data: CDR.
            most: elements in its sequences and arrays, at most; messages and texts count, numbers do not.

        Raises:
            MalformedError: the bytes are too short, or the encoding is unknown.
            TooManyError: it claims more elements than ``most``.
        """
        return self._step(_Bytes(data, most), HEADER)

    def fits(self, data: bytes, most: int | None = None) -> bool:
        """Whether the bytes are exactly one message, with padding; ``most`` as for ``end``."""
        try:
            return 0 <= len(data) - self.end(data, most) <= SLACK
        except MalformedError:
            return False


class _Bytes:
    """Bytes of a message with their byte order and alignment."""

    def __init__(self, data: bytes, most: int | None = None) -> None:
        order, self.largest = _ALIGNMENT.get(data[:2], ("", 0))
        if not order or len(data) < HEADER:
            raise MalformedError(f"expected a CDR message, got {len(data)} bytes that begin with {data[:4].hex()}")
        self.data = data
        self.size = len(data)
        self._most, self._parts = most, 0
        self._count = struct.Struct(f"{order}I")

    def numbers(self, at: int, size: int, count: int) -> int:
        """Offset after ``count`` numbers of ``size`` bytes each."""
        if count == 0:
            return at
        alignment = min(size, self.largest)
        end = at + (HEADER - at) % alignment + size * count
        if end > self.size:
            raise MalformedError(f"expected {end} bytes or more, got {self.size}")
        return end

    def count(self, at: int, least: int) -> tuple[int, int]:
        """Number of elements that a sequence claims, each of at least ``least`` bytes, and their offset."""
        end = self.numbers(at, 4, 1)
        (count,) = self._count.unpack_from(self.data, end - 4)
        if count * least > self.size - end:
            raise MalformedError(f"expected the {count} elements of a sequence, got {self.size - end} bytes")
        return count, end

    def parts(self, at: int, least: int) -> tuple[int, int]:
        """``count`` of a sequence of messages or texts, which are limited."""
        count, at = self.count(at, least)
        self.add_parts(count)
        return count, at

    def add_parts(self, count: int) -> None:
        """Count messages or texts; TooManyError beyond the limit."""
        self._parts += count
        if self._most is not None and self._parts > self._most:
            raise TooManyError(f"expected at most {self._most} elements, got {self._parts} or more")


def _message(fields: Fields, other: Mapping[str, Fields]) -> tuple[Step, int]:
    """The step over a message, and its smallest size in bytes."""
    steps = [_field(kind, other) for kind in fields.values()]
    if not steps:  # a message without fields has one byte
        return _number(1), 1
    walks = [step for step, _ in steps]

    def walk(source: _Bytes, at: int) -> int:
        for step in walks:
            at = step(source, at)
        return at

    return walk, sum(least for _, least in steps)


def _field(kind: str, other: Mapping[str, Fields]) -> tuple[Step, int]:
    if kind in _SIZES:
        return _number(_SIZES[kind]), _SIZES[kind]
    if _TEXT.fullmatch(kind):
        return _text, 4
    if sequence := _SEQUENCE.fullmatch(kind):
        return _sequence(sequence[1], other), 4
    if array := _ARRAY.fullmatch(kind):
        return _array(array[1], int(array[2]), other)
    if kind in other:
        return _message(other[kind], other)
    return _message(_class(kind).get_fields_and_field_types(), other)


def _class(kind: str) -> Any:
    """The class of a type such as ``std_msgs/Header``; ValueError if it is not installed."""
    package, _, name = kind.partition("/")
    try:
        return getattr(import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"a field of type {kind} cannot be measured") from error


def _number(size: int) -> Step:
    return lambda source, at: source.numbers(at, size, 1)


def _text(source: _Bytes, at: int) -> int:
    length, at = source.count(at, 1)
    return at + length


def _sequence(kind: str, other: Mapping[str, Fields]) -> Step:
    if kind in _SIZES:
        size = _SIZES[kind]

        def numbers(source: _Bytes, at: int) -> int:
            count, at = source.count(at, size)
            return source.numbers(at, size, count)

        return numbers
    element, least = _field(kind, other)

    def elements(source: _Bytes, at: int) -> int:
        count, at = source.parts(at, least)
        for _ in range(count):
            at = element(source, at)
        return at

    return elements


def _array(kind: str, count: int, other: Mapping[str, Fields]) -> tuple[Step, int]:
    if kind in _SIZES:
        size = _SIZES[kind]
        return (lambda source, at: source.numbers(at, size, count)), size * count
    element, least = _field(kind, other)

    def walk(source: _Bytes, at: int) -> int:
        source.add_parts(count)  # no sequence, but as slow to make objects of
        for _ in range(count):
            at = element(source, at)
        return at

    return walk, least * count
