"""Nodes of launch files, and when a launch ends with them: where that very file was asked for, and badly if they did.

::

    perception = own_node("usdrl-perception", "usdrl_perception", namespace, [{"watch": ["wave"]}], respawn=False)
    return [*ending(__file__, respawn=False), perception]

A file that others include never stops what they started beside it: a robot goes on without its perception.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PACKAGE = "usdrl_ros"
RESPAWN_DELAY = 2.0
"""Seconds from the end of a node to its next start."""


def own_node(
    executable: str, name: str, namespace: str, parameters: Sequence[str | Path | Mapping[str, Any]], respawn: bool
) -> Any:
    """The action that starts a node of this package.

    Args:
        executable: of the package.
        name: of the node.
        namespace: of the node and its topics.
        parameters: paths of params files and values; later ones win.
        respawn: start it again whenever it has ended.
    """
    from launch_ros.actions import Node  # only ROS 2 from apt has it

    return Node(
        package=PACKAGE,
        executable=executable,
        name=name,
        namespace=namespace,
        parameters=list(parameters),
        output="screen",
        respawn=respawn,
        respawn_delay=RESPAWN_DELAY,
    )


def ending(file: str | Path, respawn: bool) -> list[Any]:
    """Actions after which the launch ends with the first node of this package that does.

    None where another file includes this one, or nodes are started again. They come before the nodes, so that they hear
    of a process that ends at once.
    """
    if respawn or not launched(file):
        return []
    from launch.actions import RegisterEventHandler
    from launch.event_handlers import OnProcessExit

    return [RegisterEventHandler(OnProcessExit(on_exit=ended))]


def launched(file: str | Path) -> bool:
    """Whether this very launch file was asked for, and not one that includes it: then all arguments are its own."""
    words, file = sys.argv, Path(file)
    by_path = any(Path(word).resolve() == file.resolve() for word in words)
    return by_path or any(pair == (PACKAGE, file.name) for pair in itertools.pairwise(words))


def full_name(context: Any, namespace: str, name: str) -> str:
    """Full name of a node that is started with a namespace, below those of the files that include this one."""
    outer = "" if namespace.startswith("/") else context.launch_configurations.get("ros_namespace", "")
    return "".join(f"/{part.strip('/')}" for part in (outer, namespace, name) if part.strip("/"))


def ended(event: Any, context: Any) -> list[Any]:
    """What follows the end of a process: of one that is not ours, nothing.

    Raises:
        RuntimeError: a node ended badly, and not because the launch does.
    """
    from launch.actions import Shutdown

    if getattr(event.action, "node_package", None) != PACKAGE:
        return []
    name = event.action.node_executable
    if event.returncode and not context.is_shutdown:
        raise RuntimeError(f"{name} ended with exit code {event.returncode}: what it printed above says why")
    return [Shutdown(reason=f"{name} has ended")]
