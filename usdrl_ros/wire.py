"""What the perception node and those who hear it have to agree on: names, decimals of stamps, words."""

import re

from usdrl_model.errors.shown import cut

NODE = "usdrl_perception"
"""Name of the perception node, where it is not renamed."""
STATE = "actions/state"
EVENTS = "actions/events"
"""Topics of the node, relative to its namespace (docs/state.md)."""
OUTPUTS = re.compile(
    r"/(actions/(state|events|markers|detections|label_info)|pointing|watch/\w+(/(active|person|pose))?"
    r"|intents|humans/bodies/\w+/gesture)$"
)
"""All topics of the node, after its namespace: what it says of people, and never where they come from."""
STAMP_DIGITS = 6
"""Decimals of a stamp: a float64 resolves present stamps to 0.2 microseconds. Stamps are compared after rounding."""


def told_of(label: str, person: str = "") -> str:
    """How answers of ``enrol/start``, with the person, and of ``enrol/stop`` begin: what gesture they are about."""
    return f"{label}: person {cut(person)}: " if person else f"{label}: "
