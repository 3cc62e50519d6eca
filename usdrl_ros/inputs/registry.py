"""The input adapters that are installed: entry points of the group ``usdrl_ros.inputs``, of this package and of others.

>>> find("pose_array").message_type.__name__
'PoseArray'
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import LINE, NAME, cut
from usdrl_ros.inputs.adapter import VERSION, Adapter
from usdrl_ros.messages.types import message_class

GROUP = "usdrl_ros.inputs"
OWN = "usdrl_ros"
"""The distribution of the built-in adapters."""


@dataclass(frozen=True, slots=True)
class Input:
    """An adapter with its name and the class of its messages."""

    name: str
    """Value of the parameter ``input_type``."""
    adapter: Adapter
    message_type: Any


def built_in() -> tuple[str, ...]:
    """Names of the adapters of this package."""
    return _scan(tuple(sys.path))[1]


def names() -> tuple[str, ...]:
    """Names of all adapters, those first that are built in; also of adapters whose message package is missing."""
    own = built_in()
    return own + tuple(sorted(set(_registered()) - set(own)))


def find(name: str) -> Input:
    """The adapter of this name.

    Raises:
        ValueError: no such adapter, its package or that of its messages cannot be imported, or it is written for
            another version of the interface; the message says what to install.
    """
    adapter = load(name)
    try:
        kind = message_class(adapter.message)
    except ValueError:
        package = adapter.message.partition("/")[0]
        distro = os.environ.get("ROS_DISTRO", "<distro>")
        advice = adapter.install or f"sudo apt install ros-{distro}-{package.replace('_', '-')}"
        raise ValueError(
            f"input_type {cut(name, NAME)}: needs {cut(adapter.message, NAME)}, but the package {cut(package, NAME)} is"
            f" not installed, or has no such message: {advice}, and source its setup.bash"
        ) from None
    return Input(name, adapter, kind)


def readers(message: str) -> list[str]:
    """Names of the adapters that read messages of a type such as ``sensor_msgs/msg/PointCloud2``, the best guess first.

    Those that take any joint set come before those of one tracker, and built-in ones before others. Adapters that
    cannot be loaded are left out.
    """
    found: list[tuple[bool, bool, str]] = []
    own = built_in()
    for name in names():
        try:
            adapter = load(name)
        except ValueError:
            continue
        if adapter.message == message:
            found.append((name not in own, bool(adapter.topologies), name))
    return [name for _, _, name in sorted(found)]


def guessable() -> dict[str, str]:
    """Message type -> adapter, where the type alone says that messages are skeletons (texts and numbers do not)."""
    types = {load(name).message for name in built_in()}
    return {kind: readers(kind)[0] for kind in sorted(types) if not kind.startswith("std_msgs/")}


def _registered() -> dict[str, list[EntryPoint]]:
    return _scan(tuple(sys.path))[0]


@lru_cache(maxsize=4)  # it reads the metadata of everything that is installed
def _scan(path: tuple[str, ...]) -> tuple[dict[str, list[EntryPoint]], tuple[str, ...]]:
    """Name -> entry points on a ``sys.path``, and the names that this package registers."""
    found: dict[str, list[EntryPoint]] = {}
    own = set()
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, []).append(entry)
        if entry.dist is not None and entry.dist.name.replace("-", "_") == OWN:
            own.add(entry.name)
    return found, tuple(sorted(own))


def load(name: str) -> Adapter:
    """The adapter of this name, whether or not the package of its messages is installed; errors as of ``find``."""
    registered = _registered()
    entries = registered.get(name, [])
    if not entries:
        if not built_in():
            raise ValueError(
                f"input_type: no adapters are registered: {OWN} was installed before it had any; install it again"
                " (colcon build, or pip install --no-deps -e . in its folder)"
            )
        raise ValueError(
            f"input_type: got {cut(name, NAME)!r}{hint(name, registered)} Allowed: {', '.join(names())}; adapters of"
            " other packages must be installed (docs/adapters.md)"
        )
    if len(entries) > 1:
        raise ValueError(
            f"input_type {name}: registered by several packages ({', '.join(map(_package, entries))}): uninstall all"
            " but one"
        )
    (entry,) = entries
    try:
        adapter = entry.load()
    except (Exception, SystemExit) as error:  # code of others, which may raise anything
        raise ValueError(
            f"input_type {name}: package {_package(entry)} cannot be loaded ({type(error).__name__}:"
            f" {cut(error, LINE // 2)}): update or reinstall it"
        ) from error
    if not isinstance(adapter, Adapter):
        raise ValueError(
            f"input_type {name}: expected {cut(entry.value, NAME)} of package {_package(entry)} to be a"
            f" usdrl_ros.inputs.adapter.Adapter, got {type(adapter).__name__}: see docs/adapters.md"
        )
    if adapter.version != VERSION:
        raise ValueError(
            f"input_type {name}: package {_package(entry)} is written for version {cut(adapter.version, 20)} of the"
            f" interface, this is version {VERSION}: update the older of the two"
        )
    return adapter


def _package(entry: EntryPoint) -> str:
    return cut(f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.module, NAME)
