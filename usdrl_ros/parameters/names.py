"""Checks the names of given parameters: mistyped ones are errors.

rclpy silently ignores values for parameters that a node does not have, so with a mistyped name the default is used. A
params file for several nodes (``/**``) may hold other names; only names similar to a known one are errors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rclpy.exceptions import ParameterException
from rclpy.node import Node

from usdrl_model.errors.nearest import nearest
from usdrl_model.errors.shown import LINE, cut, reason
from usdrl_model.files.documents import read_yaml
from usdrl_ros.inputs.options import PREFIX

SLIP = 0.8
"""Similarity (``difflib``) from which on a name counts as mistyped: "topolgy", but not "rate"."""
FOREIGN = frozenset(["use_sim_time", "start_type_description_service"])
"""Parameters that every node has."""
SIBLINGS = frozenset(["duration", "image_topic", "imu_topic", "min_duration"])
"""Parameters of a node of this package that look like mistyped ones of another, and may be in ``/**`` for both."""
OWN_SECTION = "one of another node belongs in a section of that node, not in /**"
CHECKED_LATER = ("qos_overrides.", PREFIX)
"""Beginnings of names that depend on other parameters."""


def check_given(node: Node, known: Iterable[str]) -> None:
    """Check the parameters that a node was started with.

    Raises:
        ParameterException: a name similar to one of ``known``. Other unknown names are logged as warnings.
    """
    names = list(known)
    for given in _foreign(node._parameter_overrides, names):  # rclpy has no public access to them
        if near := _nearest(given, names):
            raise ParameterException(f"no such parameter, did you mean {near!r} ({OWN_SECTION})", [given])
        node.get_logger().warning(f"there is no parameter {given!r}: it is ignored (--help lists all)")


def check_file(path: Path, node: str, known: Iterable[str], others: Iterable[str] = ()) -> bool:
    """Check a params file before a process is started with it.

    Args:
        path: YAML file of ROS 2 parameters.
        node: full name of the node, as ``/front/usdrl_perception``.
        known: names of its parameters.
        others: full names of further nodes that the file may be meant for.

    Returns:
        Whether the file is for the node itself.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no params file, one without a section for any of the nodes, or a name in it that is similar to one
            of ``known``.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"params_file: there is no file {path}: give the path of a params file, or leave it out"
        )
    try:
        sections = _read(path)
    except ValueError as error:
        raise ValueError(f"params_file: {error}") from None
    unread = {one: _unread(path, sections, one) for one in (node, *others)}
    if all(unread.values()):
        raise ValueError(f"params_file: {unread[node]}")
    names = list(known)
    for where, values in sections:
        if not _reaches(where, _tokens(node)):
            continue
        for given in _foreign(values, names):
            if near := _nearest(given, names):
                raise ValueError(
                    f"params_file: {path}: there is no parameter {given!r}; did you mean {near!r}? ({OWN_SECTION})"
                )
    return not unread[node]


def warn_of_unread(node: Node, words: Sequence[str]) -> None:
    """Log which params files that a process was started with are for other nodes alone: ROS ignores these silently.

    No error, because a robot may start all its nodes with the same files.

    Args:
        node: by its name after remapping.
        words: arguments of the process.
    """
    for file in (value for word, value in itertools.pairwise(words) if word == "--params-file"):
        try:
            told = _unread(Path(file), _read(Path(file)), node.get_fully_qualified_name())
        except (OSError, ValueError) as error:  # ROS has read it
            told = f"cannot be checked: {reason(error)}"
        if told:
            node.get_logger().warning(f"params file {told}")


def _read(path: Path) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """``_sections`` of a params file; ValueError for any other file."""
    sections = list(_sections(read_yaml(path, of_ros=True), ()))
    if not sections:
        raise ValueError(f"{path}: expected NODE: ros__parameters: name: value, found no ros__parameters")
    return sections


def _unread(path: Path, sections: Iterable[tuple[tuple[str, ...], Mapping[str, Any]]], node: str) -> str:
    """Why a node gets nothing from a params file; empty if it does."""
    paths = [where for where, _ in sections]
    if any(_reaches(where, _tokens(node)) for where in paths):
        return ""
    there = ", ".join("/" + "/".join(where) for where in paths)
    return f"{path}: expected a section {node} or /**, found {cut(there, LINE)}: all of it is ignored"


def _sections(content: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """(path of a node, its parameters) of everything below ``content``."""
    if not isinstance(content, Mapping):
        return
    for key, value in content.items():
        if key == "ros__parameters":
            yield where, value if isinstance(value, Mapping) else {}
        else:
            yield from _sections(value, (*where, *_tokens(str(key))))


def _tokens(name: str) -> tuple[str, ...]:
    return tuple(filter(None, name.split("/")))


def _reaches(where: tuple[str, ...], node: tuple[str, ...]) -> bool:
    """Whether a section is for a node, as ROS matches them: ``*`` is one part of its full name, ``**`` any number."""
    if not where:
        return not node
    if where[0] == "**":
        return any(_reaches(where[1:], node[skipped:]) for skipped in range(len(node) + 1))
    return bool(node) and where[0] in ("*", node[0]) and _reaches(where[1:], node[1:])


def _foreign(given: Mapping[str, Any], names: list[str]) -> list[str]:
    own = FOREIGN.union(names)
    return [name for name in map(str, given) if name not in own and not f"{name}.".startswith(CHECKED_LATER)]


def _nearest(given: str, names: list[str]) -> str:
    return "" if given in SIBLINGS else nearest(given, names, SLIP)
