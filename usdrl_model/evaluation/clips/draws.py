"""Draws of labelled training clips: a share of every class, or a number of clips per class.

The seed orders the clips of a class, and a draw takes the first ones. So a smaller draw is part of every larger one of
the same seed, independent of the order of the clips in the store.

>>> draw_share(["a", "a", "a", "a", "b", "b"], ["1", "2", "3", "4", "5", "6"], 0.5, seed=0)
[1, 3, 5]
>>> draw_shots(["a", "a", "a", "a", "b", "b"], ["1", "2", "3", "4", "5", "6"], 1, seed=0)
[3, 5]
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def draw_share(labels: Sequence[str], names: Sequence[str], share: float, seed: int) -> list[int]:
    """Rows, ascending, of a share of the clips of every class: rounded, and never none of a class.

    Args:
        labels: N classes.
        names: N names of the clips, each once.
        share: above 0, 1 for all.
        seed: of the draw.

    Raises:
        ValueError: a share that is none.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share of the labels: expected above 0 and at most 1, got {share}")
    ordered = _ordered(labels, names, seed)
    return sorted(row for rows in ordered.values() for row in rows[: max(1, round(share * len(rows)))])


def draw_shots(labels: Sequence[str], names: Sequence[str], shots: int, seed: int) -> list[int]:
    """Rows, ascending, of ``shots`` clips of every class; the other arguments as of ``draw_share``.

    Raises:
        ValueError: fewer than 1 asked for, or a class with fewer; the message names it.
    """
    if shots < 1:
        raise ValueError(f"examples a class: expected 1 or more, got {shots}")
    ordered = _ordered(labels, names, seed)
    if few := {label: len(rows) for label, rows in ordered.items() if len(rows) < shots}:
        raise ValueError(f"{shots} examples of every class asked for, but there are only {few}: ask for fewer")
    return sorted(row for rows in ordered.values() for row in rows[:shots])


def _ordered(labels: Sequence[str], names: Sequence[str], seed: int) -> dict[str, list[int]]:
    """Class -> its rows in the order in which they are drawn."""
    # A hash of the name, not a shuffle: which clips come first does not depend on which others there are.
    place = {name: hashlib.sha256(f"{seed} {name}".encode()).digest() for name in names}
    if len(place) < len(names):
        raise ValueError("two clips have the same name: a draw has to tell them apart")
    ordered: dict[str, list[int]] = {}
    for row in sorted(range(len(names)), key=lambda row: place[names[row]]):
        ordered.setdefault(labels[row], []).append(row)
    return ordered
