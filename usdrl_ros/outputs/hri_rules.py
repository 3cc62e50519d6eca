"""Which actions and states mean what for a robot that speaks ROS4HRI: a table in YAML, read by ``hri_rules``.

::

    rules:
      wave: {gesture: WAVING, intent: GREET}
      cross_arms: {gesture: ARMS_CROSSED, intent: STOP_ACTIVITY, data: {}}

An intent makes the robot act, so nothing is published without such a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from usdrl_model.config import load
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import reason, shown

PERSON = "{person}"
"""Stands for the id of the person in ``Rule.data``."""
PLACEHOLDER = re.compile(r"\{[\w -]+\}")
"""What may be meant for one, as ``{ person }`` is; not JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What is published when an action or a state begins."""

    gesture: str = ""
    """Name of a constant of ``hri_msgs/Gesture``; empty: none."""
    intent: str = ""
    """Name of a constant of ``hri_actions_msgs/Intent``, or an intent of your own in lower case; empty: none."""
    data: dict[str, str] = field(default_factory=lambda: {"recipient": PERSON})
    """Thematic roles of the intent; ``{person}`` is the id of the person."""
    priority: int = 128
    """Of the intent, 0 to 255."""

    def __post_init__(self) -> None:
        """Raise ValueError for a rule that does nothing, a priority out of range, or another placeholder."""
        if not (self.gesture or self.intent):
            raise ValueError("expected a gesture, an intent or both, got neither")
        if not 0 <= self.priority <= 255:
            raise ValueError(f"priority: expected 0 to 255, got {shown(self.priority)}")
        for role, text in self.data.items():
            if strange := [one for one in PLACEHOLDER.findall(text) if one != PERSON]:
                raise ValueError(f"data.{role}: expected no placeholder but {PERSON}, got {shown(strange[0])}")


@dataclass(frozen=True, kw_only=True, slots=True)
class HriRules:
    """A table of rules by label or state."""

    rules: dict[str, Rule]


def read(path: str, known: Iterable[str]) -> dict[str, Rule]:
    """The rules of a file.

    Args:
        path: of the YAML file.
        known: labels and states of the running node.

    Raises:
        ValueError: no file, one with errors, or a rule for what is not known; the message lists what is.
    """
    try:
        rules = load(HriRules, Path(path)).rules
    except (OSError, ValueError) as error:
        raise ValueError(f"hri_rules: {reason(error)}") from error
    names = list(known)
    for label in rules:
        if label not in names:
            raise ValueError(
                f"hri_rules: expected labels or states, got {shown(label)}{hint(label, names)} Known:"
                f" {', '.join(names)}"
            )
    return rules
