"""Names and shapes of the tensors of a file, as its header declares them, and as they were expected; without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from usdrl_model.errors.shown import cut

SHOWN = 5
"""Names of each kind that an error message lists."""
SIZES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
    "BOOL": 1,
}  # fmt: skip
"""Types of a header and their bytes; others hold nothing that a model of this package has."""
_MOST = 2**62
"""Bytes; no machine has them."""


class Shaped(Protocol):
    """A tensor of torch, on the meta device too, or ``Declared``."""

    @property
    def shape(self) -> Sequence[int]:
        """Its sizes."""

    def is_floating_point(self) -> bool:
        """Whether its numbers have fractions."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A tensor without its numbers.

    Raises:
        ValueError: sizes that no machine can hold.
    """

    kind: str
    """A key of ``SIZES``."""
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if not all(type(size) is int and size >= 0 for size in self.shape) or self.nbytes > _MOST:
            raise ValueError(f"sizes that cannot be built ({cut(list(self.shape))})")

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers."""
        return math.prod(self.shape) * SIZES[self.kind]

    def is_floating_point(self) -> bool:
        """Whether its numbers have fractions."""
        return "F" in self.kind


def check(wanted: Mapping[str, Shaped], found: Mapping[str, Shaped], path: str | Path) -> None:
    """Compare names and shapes, and whether numbers are floating-point.

    Raises:
        ValueError: a tensor of ``wanted`` is missing from ``found``, is of another shape, or there are others.
    """
    missing, unexpected = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    shapes = [
        f"{name}: expected {_form(wanted[name])}, got {_form(found[name])}"
        for name in sorted(wanted.keys() & found.keys())
        if _form(wanted[name]) != _form(found[name])
    ]
    if missing or unexpected or shapes:
        raise ValueError(
            f"{path} does not fit the model; missing: {listed(missing)}, unexpected: {listed(unexpected)},"
            f" shapes: {listed(shapes)}"
        )


def listed(names: list[str]) -> str:
    """The first few names, cut, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{[cut(name) for name in names[:SHOWN]]}{more}"


def _form(tensor: Shaped) -> str:
    """Shape, and whether the numbers are integers, which parameters are not."""
    return f"{tuple(tensor.shape)}{'' if tensor.is_floating_point() else ' without fractions'}"
