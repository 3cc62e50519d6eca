"""Finds a pretrained model: by the name of a shipped one, by path, or in a repository on Hugging Face.

The library ``huggingface_hub`` is optional (the extra ``hub``) and imported only when it is needed.
"""

from __future__ import annotations

import logging
import re
from importlib import import_module
from pathlib import Path

from usdrl_model.checkpoints import encoder_file, official, shipped, stored_model
from usdrl_model.checkpoints.encoder_file import EncoderFile
from usdrl_model.errors.missing import advice
from usdrl_model.files.suffix import suffix

_LOG = logging.getLogger(__name__)
HUB = "hf://"
"""Prefix of a repository; nothing is downloaded without it."""
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def find(source: str | Path, *, filename: str | None = None, revision: str | None = None) -> EncoderFile:
    """Read the model that ``source`` names.

    Args:
        source: the name of a shipped encoder, which goes first (``shipped.place``), a folder, a ``.safetensors`` file,
            an official ``.pth.tar``, or ``hf://owner/name`` of a repository.
        filename: one file of the folder or repository to take, for example an official ``.pth.tar``.
        revision: branch, tag or commit of a repository.

    Raises:
        FileNotFoundError: no such path, shipped encoder or form of a repository; the message names the nearest.
        ImportError: a repository, and ``huggingface_hub`` is not installed.
        OSError: the repository cannot be reached or lacks the file.
        ValueError: a file that is damaged or of another model; filename or revision given for a shipped encoder.
    """
    if str(source).startswith(HUB):
        return _from_hub(str(source).removeprefix(HUB), filename, revision)
    path, name = shipped.place(source, "encoder"), str(source)
    if path != Path(source) and (filename or revision):
        raise ValueError(f"{name} comes with the package, one file in one version: leave filename and revision out")
    if path.exists():
        return _read(path / filename if filename else path)
    hub = f" ({HUB}{name} asks for that repository)" if REPOSITORY.fullmatch(name) else ""
    known = ", ".join(shipped.names("encoder")) or "none installed"
    raise FileNotFoundError(
        f"{name}: not found; expected a folder with {stored_model.CONFIG} and {stored_model.TENSORS}, a"
        f" .safetensors or .pth.tar file, the name of a shipped encoder ({known}), or"
        f" {HUB}owner/name of a Hugging Face repository{hub}{shipped.hint(name, 'encoder')}"
    )


def _from_hub(name: str, filename: str | None, revision: str | None) -> EncoderFile:
    if not REPOSITORY.fullmatch(name):
        raise FileNotFoundError(f"{HUB}{name}: expected {HUB}owner/name of a Hugging Face repository")
    if filename:
        return _read(_download(name, filename, revision))
    folder = _download(name, stored_model.CONFIG, revision).parent
    _download(name, stored_model.TENSORS, revision)
    return _read(folder)


def _read(path: Path) -> EncoderFile:
    if path.is_dir() or suffix(path) == ".safetensors":
        return encoder_file.read(path)
    found = official.read(path)
    encoder = found.config.encoder
    _LOG.warning(
        "%s: assumed, because the file does not say: %d people, %d heads, alpha %g, gap %d, modality %s (usdrl convert"
        " takes others)",
        path, encoder.people, encoder.heads, encoder.alpha, encoder.gap, encoder.modalities[0],
    )  # fmt: skip
    return found


def _download(repository: str, filename: str, revision: str | None) -> Path:
    try:
        library = import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        raise ImportError(f"{HUB}{repository}: a Hugging Face repository {advice(error)}") from error
    try:
        return Path(library.hf_hub_download(repo_id=repository, filename=filename, revision=revision))
    except Exception as error:  # the library's own exceptions differ from version to version
        raise OSError(
            f"{HUB}{repository}: cannot get {filename} ({type(error).__name__}: {error}); check name and network,"
            " or download the repository and give the path of its folder"
        ) from error
