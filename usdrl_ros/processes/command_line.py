"""Parameters of the node as somebody types them: a command that can be copied."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

import yaml


def perception_command(parameters: Mapping[str, Any]) -> str:
    """The command that starts the perception node with these parameters, quoted for a shell."""
    words = (shlex.quote(f"{name}:={written(value)}") for name, value in parameters.items())
    return " ".join(["usdrl-perception --ros-args", *(f"-p {word}" for word in words)])


def written(value: Any) -> str:
    """A value as YAML and the command line of ROS take it: a text that reads as something else in quotes."""
    if isinstance(value, str) and _plain(value):
        return value
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _plain(text: str) -> bool:
    """Whether YAML reads a text as itself."""
    try:
        return bool(yaml.safe_load(text) == text)
    except yaml.YAMLError:
        return False
