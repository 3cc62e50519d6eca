"""Nodes of launch files: the launch ends with them, and badly if they did.

::

    return [*ending_node("usdrl-perception", "usdrl_perception", namespace, [{"watch": ["wave"]}]), ...]
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any


def ending_node(
    executable: str, name: str, namespace: str, parameters: Sequence[str | Path | Mapping[str, Any]]
) -> list[Any]:
    """Actions that start a node of this package, and end the launch with it.

    Args:
        executable: of the package.
        name: of the node.
        namespace: of the node and its topics.
        parameters: paths of params files and values; later ones win.
    """
    from launch.actions import RegisterEventHandler  # only ROS 2 from apt has it
    from launch.event_handlers import OnProcessExit
    from launch_ros.actions import Node

    node = Node(
        package="usdrl_ros",
        executable=executable,
        name=name,
        namespace=namespace,
        parameters=list(parameters),
        output="screen",
    )
    # First, so that it hears of a process that ends at once.
    return [RegisterEventHandler(OnProcessExit(target_action=node, on_exit=partial(ended, name))), node]


def launched(file: str | Path) -> bool:
    """Whether this very launch file was asked for, and not one that includes it: then all arguments are its own."""
    words, file = sys.argv, Path(file)
    by_path = any(Path(word).resolve() == file.resolve() for word in words)
    return by_path or any(pair == ("usdrl_ros", file.name) for pair in itertools.pairwise(words))


def full_name(context: Any, namespace: str, name: str) -> str:
    """Full name of a node that is started with a namespace, below those of the files that include this one."""
    outer = "" if namespace.startswith("/") else context.launch_configurations.get("ros_namespace", "")
    return "".join(f"/{part.strip('/')}" for part in (outer, namespace, name) if part.strip("/"))


def ended(name: str, event: Any, context: Any) -> list[Any]:
    """What follows the end of a node's process.

    Raises:
        RuntimeError: it ended badly, and not because the launch does.
    """
    from launch.actions import Shutdown

    if event.returncode and not context.is_shutdown:
        raise RuntimeError(f"{name} ended with exit code {event.returncode}: what it printed above says why")
    return [Shutdown(reason=f"{name} has ended")]
