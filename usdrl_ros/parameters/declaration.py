"""What a parameter is: its type, default, range and text, and which values are allowed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.validate_topic_name import validate_topic_name

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown
from usdrl_model.skeleton import topology_file
from usdrl_ros.inputs.registry import names

RECOMMENDED = -1.0
"""Value that means "as the weights recommend"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """One parameter; its type is the type of its default."""

    name: str
    default: Any
    text: str
    """Meaning, with unit."""
    limits: tuple[float, float] | None = None
    """Lowest and highest value."""
    choices: tuple[str, ...] = ()
    numbers: int = 0
    """Length of a list of finite numbers; 0: no such list."""
    topic: bool = False
    """The name of a topic; empty only where the default is."""
    files: bool = False
    """The path of a YAML file is allowed as well."""
    adapters: bool = False
    """The name of an input adapter of another package is allowed as well."""
    dynamic: bool = False
    """Can be set at any time; other parameters only while the node is not configured."""
    recommended: bool = False
    """``RECOMMENDED`` is allowed as well."""

    @property
    def field(self) -> str:
        """Its field of ``PerceptionConfig``: ROS groups parameters by dots."""
        return self.name.replace(".", "_")


AUTOSTART = Declaration(
    name="autostart",
    default=True,
    text="Configure and activate at start; the process exits with an error if that fails. False: wait for lifecycle"
    " transitions.",
)
"""Of every lifecycle node."""


def check(parameter: Declaration, value: Any) -> None:
    """Raise ValueError for a value that is not allowed; the message lists the allowed ones."""
    if parameter.files and topology_file.is_file(value):
        return  # its content is checked when it is read
    if parameter.choices and value not in parameter.choices:
        known = names() if parameter.adapters else parameter.choices
        if value in known:
            return
        meant = hint(value, known)
        raise ValueError(f"{parameter.name}: got {value!r}{meant} Allowed: {allowed(parameter)}")
    if parameter.topic and (value or parameter.default):
        try:
            validate_topic_name(value)
        except InvalidTopicNameException:
            raise ValueError(f"{parameter.name}: got {shown(value)}; allowed: {allowed(parameter)}") from None
    if parameter.numbers and not (len(value) == parameter.numbers and all(map(math.isfinite, value))):
        raise ValueError(f"{parameter.name}: got {list(value)}; allowed: {allowed(parameter)}")
    if parameter.limits is None or (parameter.recommended and value == RECOMMENDED):
        return
    low, high = parameter.limits
    if not low <= value <= high:  # also refuses NaN
        raise ValueError(f"{parameter.name}: got {value}; allowed: {allowed(parameter)}")


def allowed(parameter: Declaration) -> str:
    """The values of a parameter in words."""
    if parameter.choices:
        others = ", or the path of a .yaml file" if parameter.files else ""
        return ", ".join(parameter.choices) + (", or one of another package" if parameter.adapters else others)
    if parameter.topic:
        return "a topic name" + ("" if parameter.default else ", or empty")
    if parameter.numbers:
        return f"{parameter.numbers} finite numbers"
    if parameter.limits is None:
        return "any"
    low, high = parameter.limits
    return f"{low:g} to {high:g}{f', or {RECOMMENDED}' if parameter.recommended else ''}"
