"""Parameters that an adapter declares: ``input.<name>`` of the node, ``input_options`` in the labels of a bag.

>>> values((Option(name="pattern", default="{joint}_{person}", text="Names of frames."),), {})
{'pattern': '{joint}_{person}'}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown

PREFIX = "input."
"""Of the parameters of the node."""
TYPES: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
"""Types of parameters, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One parameter of an adapter; its type is that of its default: bool, int, float or str.

    Raises:
        ValueError: a name that is none, or a default of another type.
    """

    name: str
    default: Any
    text: str
    """Meaning, with unit."""
    limits: tuple[float, float] | None = None
    """Lowest and highest value."""
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or type(self.default) not in TYPES:
            raise ValueError(
                f"option {shown(self.name)}: expected a name such as min_score and a default of bool, int, float or"
                f" str, got {shown(self.default)}"
            )

    @property
    def allowed(self) -> str:
        """The values in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        kind = TYPES[type(self.default)]
        return kind if self.limits is None else f"{kind} from {self.limits[0]:g} to {self.limits[1]:g}"

    def checked(self, value: Any) -> Any:
        """The value, whole numbers as float where a number is expected.

        Raises:
            ValueError: another type, or not allowed.
        """
        if type(self.default) is float and type(value) is int:
            value = float(value)
        good = type(value) is type(self.default) and (not self.choices or value in self.choices)
        if good and type(value) in (int, float):
            low, high = self.limits or (-math.inf, math.inf)
            good = low <= value <= high and math.isfinite(value)
        if not good:
            raise ValueError(f"{PREFIX}{self.name}: expected {self.allowed}, got {shown(value)}")
        return value


def values(options: Iterable[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Name -> value of all options of an adapter, those that are not given by default.

    Raises:
        ValueError: an unknown name, or a value that is not allowed.
    """
    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            raise ValueError(
                f"{PREFIX}{name}: this input has no such parameter{hint(str(name), known)} It has:"
                f" {', '.join(known) or 'none'}"
            )
    return {name: option.checked(given.get(name, option.default)) for name, option in known.items()}
