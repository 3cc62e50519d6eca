"""YAML and JSON of others: of a bounded size, also after aliases are written out, and without a way into Python.

Example::

    settings = read_yaml(Path("run.yaml"))
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from usdrl_model.files import limits

_TEXT = "tag:yaml.org,2002:str"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, *, of_ros: bool = False) -> Any:
    """The content of a YAML file; None where it is empty.

    Args:
        path: of the file.
        of_ros: ROS takes the values from the file itself, by rules of its own for numbers.

    Raises:
        ValueError: no UTF-8, or as ``parse_yaml``; the message names the file.
        OSError: it cannot be read.
    """
    content = limits.read(path, limits.YAML)
    try:
        return parse_yaml(content.decode("utf-8"), of_ros=of_ros)
    except ValueError as error:
        raise ValueError(f"{path}: not a YAML file: {error}") from None


def parse_yaml(text: str, *, of_ros: bool = False) -> Any:
    """The plain values of a YAML text; None where it is empty. ``of_ros`` as in ``read_yaml``.

    Raises:
        ValueError: not YAML, a key twice, a number that is another one than it looks (010, 1:30), or larger than any
            settings; the message says where.
    """
    limits.check(len(text), limits.YAML, "characters of YAML")
    try:
        _check_depth(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check(node, {}, of_ros)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ValueError(f"{' '.join(str(error).split())[:300]}") from None
    except (ValueError, TypeError, RecursionError, OverflowError, AttributeError) as error:
        # A date that is none, a list as a key, brackets without end.
        raise ValueError(f"{type(error).__name__} {str(error)[:200]}") from None


def parse_json(content: bytes | str, where: str, limit: int = limits.JSON) -> Any:
    """The plain values of a JSON text.

    Raises:
        ValueError: not JSON, a key twice, or larger than ``limit`` bytes; the message begins with ``where``.
    """
    limits.check(len(content), limit, f"{where}: bytes of JSON")
    try:
        return json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not JSON ({str(error)[:200]})") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; ValueError for a key that is there twice, of which Python would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r:.60} is there twice")
            seen.add(key)
    return found


def _check_depth(text: str) -> None:
    """ValueError for a text that is too deep: libyaml composes by recursion in C, which ends the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            limits.check(depth, limits.YAML_DEPTH, "levels of YAML")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def finite(value: Any) -> Any:
    """The same value with None, which JSON knows, in the place of nan and infinity, which it does not.

    >>> finite({"f1": float("nan"), "counts": [1, 2.5]})
    {'f1': None, 'counts': [1, 2.5]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(one) for key, one in value.items()}
    return [finite(one) for one in value] if isinstance(value, (list, tuple)) else value


def _check_once(keys: Iterable[yaml.ScalarNode]) -> None:
    """ValueError for a key that one mapping has twice: PyYAML would take the last one without a word."""
    lines: dict[tuple[str, str], int] = {}
    for key in keys:
        line, name = key.start_mark.line + 1, (key.tag, key.value)
        if name in lines:
            raise ValueError(f"the key {key.value!r:.60} is there twice, in lines {lines[name]} and {line}")
        lines[name] = line


def _check_number(node: yaml.ScalarNode) -> None:
    """ValueError for a number to the base of 8 or 60, which YAML 1.1 makes of 010 and 1:30 without a word."""
    if node.tag in _NUMBERS and (":" in node.value or _OCTAL.fullmatch(node.value)):
        base = 60 if ":" in node.value else 8
        raise ValueError(
            f"line {node.start_mark.line + 1}: {node.value:.60} is a number to the base of {base} in YAML: write it to"
            " the base of ten, or in quotes where it is text"
        )


def _check(node: yaml.Node, sizes: dict[int, int], of_ros: bool) -> int:
    """Values below a node, each alias counted as what it stands for; ValueError for too many.

    A node that is met again costs nothing, so this takes as long as the text is, whatever it would grow to.
    """
    if id(node) in sizes:
        if sizes[id(node)] == 0:
            raise ValueError("an alias inside of what it stands for: write it out")
        return sizes[id(node)]
    sizes[id(node)] = 0
    if isinstance(node, yaml.ScalarNode):
        if node.tag != _TEXT:
            limits.check(len(node.value), limits.YAML_SCALAR, "characters of a value in YAML that is no text")
        if not of_ros:
            _check_number(node)
        total = 1
    else:
        keys = [pair[0] for pair in node.value if isinstance(pair, tuple) and isinstance(pair[0], yaml.ScalarNode)]
        for key in keys:
            if key.tag != _TEXT:
                # Long numbers can be chosen so that a dictionary takes for ever.
                limits.check(len(key.value), limits.YAML_KEY, "characters of a key in YAML that is no text")
        _check_once(keys)
        parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
        total = 1 + sum(_check(part, sizes, of_ros) for part in parts)
    limits.check(total, limits.YAML_VALUES, "values in YAML, written out")
    sizes[id(node)] = total
    return total
