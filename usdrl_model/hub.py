"""Where a pretrained model comes from: a path, the package itself, or a repository on Hugging Face.

The library ``huggingface_hub`` is optional (``pip install usdrl_ros[hub]``) and imported only when it is needed.
"""

from __future__ import annotations

import re
from importlib import import_module, resources
from pathlib import Path

from usdrl_model import model_file, official
from usdrl_model.model_file import ModelFile

SHIPPED = Path(str(resources.files("usdrl_model").joinpath("pretrained")))
"""Pretrained models that come with the package, a folder each. (Detectors are in ``weights``: ``checkpoint``.)"""
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def find(source: str | Path, *, filename: str | None = None, revision: str | None = None) -> ModelFile:
    """Read the model that ``source`` names; a path that exists goes first.

    Args:
        source: a folder, a ``.safetensors`` file, an official ``.pth.tar``, the name of a shipped model ("open"), or
            ``owner/name`` of a repository.
        filename: one file of the folder or repository to take, for example an official ``.pth.tar``.
        revision: branch, tag or commit of a repository.

    Raises:
        FileNotFoundError: no such path or shipped model, and not the form of a repository.
        ImportError: a repository, and ``huggingface_hub`` is not installed.
        OSError: the repository cannot be reached or lacks the file.
        ValueError: a file that is damaged or of another model; a file or version of a shipped model.
    """
    path = Path(source)
    if path.exists():
        return _read(path / filename if filename else path)
    name = str(source)
    if name in shipped():
        if filename or revision:
            raise ValueError(f"{name} comes with the package, one file in one version: leave filename and revision out")
        return _read(SHIPPED / name)
    if not REPOSITORY.fullmatch(name):
        raise FileNotFoundError(
            f"{name}: expected a folder with {model_file.CONFIG} and {model_file.TENSORS}, a .safetensors or .pth.tar"
            f" file, the name of a shipped model ({', '.join(shipped()) or 'none installed'}), or owner/name of a"
            " Hugging Face repository"
        )
    if filename:
        return _read(_download(name, filename, revision))
    folder = _download(name, model_file.CONFIG, revision).parent
    _download(name, model_file.TENSORS, revision)
    return _read(folder)


def shipped() -> list[str]:
    """Names of the pretrained models that come with the package."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{model_file.CONFIG}"))


def _read(path: Path) -> ModelFile:
    own = path.is_dir() or path.suffix == ".safetensors"
    return model_file.read(path) if own else official.read(path)


def _download(repository: str, filename: str, revision: str | None) -> Path:
    try:
        library = import_module("huggingface_hub")
    except ImportError as error:
        raise ImportError(
            f"{repository}: no such path, and a Hugging Face repository needs pip install 'usdrl_ros[hub]'"
        ) from error
    try:
        return Path(library.hf_hub_download(repo_id=repository, filename=filename, revision=revision))
    except Exception as error:  # the library's own exceptions differ from version to version
        raise OSError(
            f"{repository}: cannot get {filename} ({type(error).__name__}: {error}); check name and network,"
            " or download the repository and give the path of its folder"
        ) from error
