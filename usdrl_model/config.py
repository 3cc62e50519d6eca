"""Frozen dataclasses and YAML files, one to one: a typing error in a file stops the program and says where.

The dataclass is the schema: its field names are the only keys, its annotations the only types. An unknown key, a
missing one and a wrong type are a ``ValueError`` that names the key; nothing is converted except ``int -> float``.

    >>> from usdrl_model.online.stream import StreamConfig
    >>> config = from_dict(StreamConfig, {"max_rate": 5, "events": {"hold": 0.3}})
    >>> config.max_rate, config.events.hold, config.events.refractory
    (5.0, 0.3, 0.3)
    >>> apply_overrides(config, ["events.label_on_threshold.wave=0.7"]).events.label_on_threshold
    {'wave': 0.7}
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import cut, shown
from usdrl_model.files.atomic_file import write_text
from usdrl_model.files.documents import parse_yaml, read_yaml
from usdrl_model.files.share import config_folder
from usdrl_model.files.suffix import suffix

Config = TypeVar("Config")

HASH_LENGTH = 16
"""Hexadecimal digits of ``content_hash``."""


def load(cls: type[Config], path: str | Path) -> Config:
    """Read a YAML file into the dataclass ``cls``; an empty file gives the defaults.

    Raises:
        ValueError: the file is not YAML, or does not fit ``cls``; the message starts with the path of the file.
        OSError: the file cannot be read.
    """
    mapping = read_yaml(Path(path))
    try:
        return from_dict(cls, {} if mapping is None else mapping)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def available(kind: str) -> tuple[str, ...]:
    """Names of the files in ``config/KIND`` that come with the package."""
    return tuple(sorted(path.stem for path in config_folder(kind).glob("*.yaml")))


def located(name: str | Path, kind: str, what: str) -> Path:
    """The file called ``name`` in ``config/KIND``, or the file of one's own whose path ends in ``.yaml`` or ``.yml``.

    Args:
        name: of a file that comes with the package, without its suffix, or a path.
        kind: folder, such as "benchmarks".
        what: one of them, in the message, such as "benchmark".

    Raises:
        ValueError: unknown name (the nearest is named).
        FileNotFoundError: the installation lacks the folder.
    """
    path = Path(name)
    if suffix(path) in (".yaml", ".yml"):
        return path
    if (given := str(name)) not in (known := available(kind)):
        raise ValueError(
            f"unknown {what} {shown(given)}{hint(given, known)} Known: {', '.join(known)}; or the path of a .yaml"
        )
    return config_folder(kind) / f"{given}.yaml"


def from_dict(cls: type[Config], mapping: Mapping[str, Any], where: str = "") -> Config:
    """Build the dataclass ``cls`` from plain values.

    Args:
        cls: a dataclass of bool, int, float, str, ``Literal``, ``X | None``, ``tuple``, ``dict[str, X]``, dataclasses.
        mapping: field name -> value, as ``to_dict`` or a YAML file gives it; fields with a default may be missing.
        where: key of ``mapping`` in the whole, to be named in messages.

    Raises:
        ValueError: an unknown or missing key, a wrong type, or a value that ``cls`` itself refuses.
        TypeError: ``cls`` is no dataclass, or has a field of a type not listed above.
    """
    fields = _fields(cls)
    if not isinstance(mapping, Mapping):
        raise ValueError(f"{_at(where)}expected a mapping with keys {', '.join(fields)}, got {_shown(mapping)}")
    for key in mapping:
        if key not in fields:
            raise ValueError(f"{_join(where, key)}: unknown key{hint(key, fields, '')}; known: {', '.join(fields)}")
    missing = [name for name, (_, required) in fields.items() if required and name not in mapping]
    if missing:
        raise ValueError(f"{_at(where)}missing key {', '.join(missing)}: add it, it has no default")
    values = {key: _value(fields[key][0], value, _join(where, key)) for key, value in mapping.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{_at(where)}{error}") from error


def to_dict(config: Any) -> dict[str, Any]:
    """The fields of a dataclass as plain values that YAML and JSON can hold; tuples become lists."""
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def at_most(config: Any, limits: Mapping[str, float]) -> None:
    """Refuse sizes that a file can ask for and nothing needs; ValueError states the limit."""
    for name, limit in limits.items():
        if getattr(config, name) > limit:
            raise ValueError(f"{name}: expected at most {limit:g}, got {shown(getattr(config, name))}")


def at_least(config: Any, limits: Mapping[str, float]) -> None:
    """Refuse values that are too small to work with; ValueError states the limit."""
    for name, limit in limits.items():
        if not getattr(config, name) >= limit:
            raise ValueError(f"{name}: expected {limit:g} or more, got {shown(getattr(config, name))}")


def dump(config: Any, path: str | Path | None = None) -> str:
    """The YAML text of a dataclass, every default spelled out, in the order of its fields; also written to ``path``."""
    text = str(yaml.safe_dump(to_dict(config), sort_keys=False, allow_unicode=True))
    if path is not None:
        write_text(path, text)
    return text


def apply_overrides(config: Config, overrides: Iterable[str]) -> Config:
    """A copy of ``config`` with ``key.sub=value`` set for each override; values are read as YAML, ``key=`` as no text.

    Raises:
        ValueError: an override without ``=``, an unknown key, or a value of the wrong type.
    """
    mapping = to_dict(config)
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not path:
            raise ValueError(f"override {shown(override)}: expected key=value or key.sub=value")
        try:
            value = parse_yaml(text)
        except ValueError as error:
            raise ValueError(f"override {shown(override)}: the value is not YAML: {error}") from error
        *parents, last = path.split(".")
        inner = mapping
        for depth, parent in enumerate(parents, start=1):
            if inner.get(parent) is None:
                inner[parent] = {}  # an optional part that is not set yet, or an unknown key that from_dict will name
            inner = inner[parent]
            if not isinstance(inner, dict):
                raise ValueError(
                    f"override {shown(override)}: {'.'.join(parents[:depth])} has no keys, it is {shown(inner)}"
                )
        inner[last] = "" if not text and isinstance(inner.get(last), str) else value
    return from_dict(type(config), mapping)


def content_hash(config: Any) -> str:
    """A short name for the content of a config: equal for equal values, whatever file or order they came from."""
    # Through from_dict, so that 1 and 1.0 in a float field are the same.
    same = to_dict(from_dict(type(config), to_dict(config)))
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:HASH_LENGTH]


def _fields(cls: type) -> dict[str, tuple[Any, bool]]:
    """Field name -> (type, required)."""
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise TypeError(f"expected a dataclass, got {cls!r}")
    hints = get_type_hints(cls)
    return {
        field.name: (
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(cls)
        if field.init
    }


def _value(kind: Any, value: Any, where: str) -> Any:
    """``value`` as the annotated type ``kind``, or ValueError."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        # By type too: True is not the allowed value 1.
        if not any(value == allowed and type(value) is type(allowed) for allowed in arguments):
            near = hint(value, map(str, arguments), "")
            raise ValueError(f"{where}: expected one of {', '.join(map(repr, arguments))}, got {_shown(value)}{near}")
        return value
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return None if value is None else _value(inner, value, where)
    if origin is tuple:
        return _tuple(arguments, value, where)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{where}: expected a mapping, got {_shown(value)}")
        return {
            _value(arguments[0], key, where): _value(arguments[1], part, _join(where, key))
            for key, part in value.items()
        }
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return from_dict(kind, value, where)
    if kind is float and type(value) in (int, float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):  # they would go through every comparison
            raise ValueError(f"{where}: expected a finite number, got {number}")
        return number
    if kind not in (bool, int, float, str):
        raise TypeError(f"{where}: a config cannot hold a field of type {kind}")
    if type(value) is not kind:
        raise ValueError(f"{where}: expected {kind.__name__}, got {_shown(value)}{_yaml_trap(kind, value)}")
    return value


def _tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{where}: expected a list, got {_shown(value)}")
    kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
    if len(kinds) != len(value):
        raise ValueError(f"{where}: expected {len(kinds)} values, got {len(value)}: {_shown(value)}")
    return tuple(_value(kind, part, f"{where}[{i}]") for i, (kind, part) in enumerate(zip(kinds, value, strict=True)))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value


def _yaml_trap(kind: type, value: Any) -> str:
    """What to write instead, where YAML reads something else than most people do."""
    if kind is str:
        return ": put it in quotes"
    if kind is float and isinstance(value, str):
        try:
            return (
                f": write {float(value)!r}" if "e" not in repr(float(value)) else ": write it as 1.0e-5, with a point"
            )
        except ValueError:
            return ""
    return ""


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {shown(value)}"


def _join(where: str, key: Any) -> str:
    name = cut(str(key)) if isinstance(key, str) else shown(key)
    return f"{where}.{name}" if where else name


def _at(where: str) -> str:
    return f"{where}: " if where else ""
