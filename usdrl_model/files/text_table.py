"""Text tables of numbers, fast, with the line in every complaint, and in memory that the numbers need."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import numpy as np

from usdrl_model.files import limits

_LINE = re.compile(r"\S[^\r\n]*")
_PIECE = limits.LINE
"""Characters that are taken apart at once: the words of a whole file would take many times its size."""


def table(text: str, columns: int, where: str, separator: str = " ") -> np.ndarray:
    """Rows of numbers.

    Args:
        text: one row a line; blank lines are skipped.
        columns: numbers a row.
        where: name of the file, for messages.
        separator: what stands between two numbers, beside white space.

    Returns:
        (R, columns) float64.

    Raises:
        ValueError: a row with more or fewer numbers, with something else, or a line that is too long; the message names
            file and line.
    """
    limits.check(len(text), limits.TEXT, f"{where}: characters")
    number, rows, parts = 1, 0, [np.zeros((0, columns))]
    for piece in _pieces(text, where):
        if piece.strip():
            parts.append(_rows(piece.replace(separator, " "), columns, where, number))
            rows += len(parts[-1])
            limits.check(rows, limits.ROWS, f"{where}: rows")
        number += piece.count("\n")
    return np.concatenate(parts)


def _rows(text: str, columns: int, where: str, first: int) -> np.ndarray:
    counts = [len(line.split()) for line in _LINE.findall(text)]
    if any(count != columns for count in counts):
        for number, line in enumerate(text.splitlines(), start=first):
            if (count := len(line.split())) not in (0, columns):
                raise ValueError(f"{where} line {number}: expected {columns} numbers, got {count}")
    values = _parse(text)
    if values is None or values.size != sum(counts):
        for number, line in enumerate(text.splitlines(), start=first):
            if (row := _parse(line)) is None or row.size != len(line.split()):
                raise ValueError(f"{where} line {number}: expected {columns} numbers, got {line.strip()[:80]!r}")
        raise ValueError(f"{where}: expected rows of {columns} numbers")
    return values.reshape(-1, columns)


def lines(text: str, where: str) -> Iterator[str]:
    """The lines of a text that are not blank, one at a time; ValueError for one that is too long."""
    for piece in _pieces(text, where):
        yield from _LINE.findall(piece)


def _pieces(text: str, where: str) -> Iterator[str]:
    """The text in pieces of whole lines."""
    position = 0
    while position < len(text):
        end = len(text)
        if end - position > _PIECE:
            end = text.rfind("\n", position, position + _PIECE) + 1
            if end == 0:
                line = text.count("\n", 0, position) + 1
                raise ValueError(f"{where} line {line}: longer than {limits.LINE} characters: no file of this kind")
        yield text[position:end]
        position = end


def _parse(text: str) -> np.ndarray | None:
    if not text.strip():
        return np.zeros(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # how numpy reports text that is no number
        try:
            return np.fromstring(text, dtype=np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            return None
