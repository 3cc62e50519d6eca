"""Text tables of numbers, fast, with the line in every complaint."""

from __future__ import annotations

import warnings

import numpy as np


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
        ValueError: a row with more or fewer numbers, or with something else; the message names file and line.
    """
    if separator != " ":
        text = text.replace(separator, " ")
    lines = text.splitlines()
    counts = [len(line.split()) for line in lines]
    for number, count in enumerate(counts, start=1):
        if count not in (0, columns):
            raise ValueError(f"{where} line {number}: expected {columns} numbers, got {count}")
    values = _parse(text)
    if values is None or values.size != sum(counts):
        for number, line in enumerate(lines, start=1):
            if (row := _parse(line)) is None or row.size != len(line.split()):
                raise ValueError(f"{where} line {number}: expected {columns} numbers, got {line.strip()[:80]!r}")
        raise ValueError(f"{where}: expected rows of {columns} numbers")
    return values.reshape(-1, columns)


def _parse(text: str) -> np.ndarray | None:
    if not text.strip():
        return np.zeros(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # how numpy reports text that is no number
        try:
            return np.fromstring(text, dtype=np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            return None
