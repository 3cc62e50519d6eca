"""``config.json`` of detectors and encoders: which kind it is of, and its content as a dataclass.

A file comes from anywhere, so that it is read within a limit, is JSON, and has to fit the dataclass of its kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from usdrl_model import config as configuration
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.errors.shown import shown
from usdrl_model.files.documents import parse_json

Kind = Literal["detector", "encoder"]
"""A detector scores frames; an encoder gives features, and comes with its projectors or its recognition layer."""
Content = TypeVar("Content")

NAME = "config.json"
TENSORS = "model.safetensors"
"""The file of tensors beside it."""
MAX_BYTES = 2**20
"""The usual file has two thousand."""
FORMATS: dict[Kind, str] = {"detector": "usdrl.detector/2", "encoder": "usdrl.model/2"}


def read_text(path: Path) -> str:
    """The text of a configuration.

    Raises:
        ValueError: longer than any configuration is.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path}: longer than {MAX_BYTES} bytes, so no configuration; get it again")
    return content.decode("utf-8", errors="replace")


def parse(text: str, kind: Kind, content: type[Content], where: object) -> Content:
    """The configuration in a text.

    Args:
        text: JSON.
        kind: that is expected.
        content: dataclass of this kind.
        where: origin of the text, for messages.

    Raises:
        ValueError: no JSON, another kind or format, or keys or values that do not fit.
    """
    mapping = _mapping(text, where)
    if (name := mapping.get("format")) != FORMATS[kind]:
        other = _kind(mapping)
        hint = f"; these are weights of a{'n' if other == 'encoder' else ''} {other}" if other else ""
        raise ValueError(f"{where}: expected format {FORMATS[kind]!r}, got {shown(name)}{hint}")
    return configuration.from_dict(content, mapping, where=str(where))


def kind_of(path: Path) -> Kind | None:
    """The kind of weights in a folder; None where it has no configuration of either kind."""
    try:
        return _kind(_mapping(read_text(path / NAME), path))
    except (OSError, ValueError):
        return None


def provenance(path: Path) -> Provenance:
    """How the weights in a folder of either kind were made, without the rest of its configuration.

    Raises:
        FileNotFoundError: the folder has no configuration.
        ValueError: a configuration that does not fit.
    """
    mapping = _mapping(read_text(path / NAME), path / NAME)
    return configuration.from_dict(Provenance, mapping.get("provenance", {}), where=f"{path / NAME}: provenance")


def text(config: Any) -> str:
    """A configuration as ``parse`` reads it, for a file of its own."""
    return json.dumps(configuration.to_dict(config), indent=2) + "\n"


def _mapping(text: str, where: object) -> Mapping[str, Any]:
    try:
        mapping = parse_json(text, str(where), MAX_BYTES)
    except ValueError as error:
        raise ValueError(f"{error}; install or get the weights again") from None
    return mapping if isinstance(mapping, Mapping) else {}


def _kind(mapping: Mapping[str, Any]) -> Kind | None:
    name = mapping.get("format")
    return next((kind for kind in get_args(Kind) if FORMATS[kind] == name), None)
