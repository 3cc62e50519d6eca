"""A model as it is stored, of either kind: its configuration and its tensors, in a folder or in one file.

A folder holds ``config.json`` and ``model.safetensors``; a single ``.safetensors`` file holds the configuration in its
header. Nothing in either is executed, and a file that is missing, damaged or of another shape raises: nothing ever
falls back to random weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from usdrl_model import config as configuration
from usdrl_model.checkpoints import config_file, tensor_file
from usdrl_model.checkpoints.config_file import Content, Kind
from usdrl_model.checkpoints.declared import check
from usdrl_model.checkpoints.state_dict import EXACT, distinct, meta
from usdrl_model.files import atomic_file
from usdrl_model.files.suffix import suffix

CONFIG, TENSORS = config_file.NAME, config_file.TENSORS
_HEADER_KEY = "config"
"""Of the configuration in a single file."""


def read(
    path: Path,
    kind: Kind,
    content: type[Content],
    build: Callable[[Content], nn.Module],
    types: tuple[torch.dtype, ...] = EXACT,
) -> tuple[Content, dict[str, Tensor], str]:
    """Read a folder or a single file.

    Args:
        path: of the folder or file.
        kind: that is expected.
        content: dataclass of the configuration.
        build: the modules that the tensors are of; called for shapes only.
        types: of numbers that stay as they are, see ``TensorFile.read``.

    Returns:
        Configuration, tensors by name, and the SHA-256 of the file with the tensors.

    Raises:
        FileNotFoundError: no such folder or file.
        ValueError: damaged, of another kind or format, or tensors that do not fit the configuration.
    """
    single = suffix(path) == ".safetensors"
    file = path if single else path / TENSORS
    for needed in [file] if single else [path / CONFIG, file]:
        if not needed.is_file():
            raise FileNotFoundError(f"{needed}: missing; expected a folder with {CONFIG} and {TENSORS}, or one file")
    with tensor_file.opened(file) as opened:
        text = opened.texts.get(_HEADER_KEY) if single else config_file.read_text(path / CONFIG)
        if not isinstance(text, str):
            raise ValueError(
                f"{file}: no configuration in its header; convert it again, or give the folder it came from"
            )
        config = config_file.parse(text, kind, content, file if single else path / CONFIG)
        tensors, sha256 = opened.read(shapes(path, config, build), types)
    return config, tensors, sha256


def write(path: Path, config: Content, tensors: Mapping[str, Tensor], build: Callable[[Content], nn.Module]) -> None:
    """Write a folder, or a single file where ``path`` ends in ``.safetensors``; ``build`` as in ``read``.

    Raises:
        ValueError: tensors that do not fit the configuration; nothing is written then.
    """
    check(shapes(path, config, build), tensors, path)
    if suffix(path) == ".safetensors":
        text = json.dumps(configuration.to_dict(config))
        tensor_file.write(path, tensors, {"format": "pt", _HEADER_KEY: text})
        return
    with atomic_file.replacing(path / TENSORS) as file:
        file.write(tensor_file.encoded(tensors, {"format": "pt"}))
        (path / CONFIG).unlink(missing_ok=True)  # that of the tensors before
    atomic_file.write_text(path / CONFIG, config_file.text(config))  # last: see finished


def finished(folder: Path) -> bool:
    """Whether a folder was written to the end; who is killed before that leaves one without a configuration."""
    return (folder / CONFIG).is_file()


def shapes(path: Path, config: Content, build: Callable[[Content], nn.Module]) -> dict[str, Tensor]:
    """Name -> tensor on the meta device of all that a file of this configuration holds."""
    with meta(path):
        return distinct(build(config))
