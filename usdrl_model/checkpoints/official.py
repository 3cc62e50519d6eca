"""Official checkpoints (``.pth.tar``) to and from the files of this package.

An official file is a pickle: it is read with ``weights_only``, which runs no code. Its names carry the prefix of
``DataParallel``, and the attention that CA and DSA share is in it twice. Sizes follow from the shapes; heads, alpha and
gap do not, and are the official values unless the caller gives others.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from usdrl_model.checkpoints import encoder_file
from usdrl_model.checkpoints.encoder_file import EncoderFile, EncoderFileConfig
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.checkpoints.state_dict import sound
from usdrl_model.errors.shown import cut
from usdrl_model.files import git_lfs
from usdrl_model.files.atomic_file import write_bytes
from usdrl_model.network.config import Architecture, EncoderConfig
from usdrl_model.network.modality import Modality
from usdrl_model.network.projectors import GRAINS, ProjectorConfig

PREFIX = "module."
SHARED = (".CA.attn.", ".DSA.attn.")
MAX_PICKLE = 16 * 2**20
"""Bytes of names, shapes and settings in a checkpoint; official ones have a tenth of a million."""
MARKS: dict[Architecture, str] = {
    "dste": "backbone.t_tr.CA.conv1.weight",
    "sttr": "backbone.t_tr.layers.0.self_attn.in_proj_weight",
}
"""A tensor that only this architecture has."""
OTHER_MODALITY = re.compile(r"(?<![a-z])(bone|motion)(?![a-z])", re.IGNORECASE)
"""In the name of a file of a network that was not trained on joints; "backbone" says nothing of the kind."""
OFFICIAL_CHOICES = {"hidden", "heads", "frames", "people", "joints", "architecture", "alpha", "gap", "drop_path"}
"""Fields of an encoder that the official code supports, besides one modality for each network."""


def read(
    path: str | Path,
    *,
    people: int = 2,
    heads: int = 1,
    alpha: float = 0.5,
    gap: int = 4,
    modality: Modality | None = None,
) -> EncoderFile:
    """Read an official checkpoint, or a file with nothing but its state dict.

    Args:
        path: the file; optimiser, epoch and other plain values in it are allowed.
        people: M; the number of joints is what is left of the spatial tokens.
        heads: attention heads of the encoder.
        alpha: share of CA in a layer (DSTE only).
        gap: of the dense shift (DSTE only).
        modality: that the network was trained on; the encoder computes it from joints. None: joints, unless the name
            of the file says something else.

    Raises:
        OSError: the file cannot be read.
        ValueError: damaged, holds code, or is no checkpoint of this model; the message says which. Also where the name
            says bone or motion and ``modality`` is left out.
    """
    path = Path(path)
    if modality is None and (named := OTHER_MODALITY.search(path.name)):
        raise ValueError(
            f"{path}: named as of {named[0].lower()}, and the file does not say its modality: convert it with usdrl"
            f" convert --modality {named[0].lower()} (or joint), and take what that writes"
        )
    content = _load(path)
    state = content.get("state_dict", content)
    epoch = content.get("epoch") if state is not content else None
    if not isinstance(state, Mapping) or not state or not all(map(_is_entry, state, state.values())):
        there = ", ".join(cut(key, 40) for key in list(content)[:8] if isinstance(key, str))
        raise ValueError(f"{path}: no state dict in it; it holds {there or 'nothing'}")
    _check_storage(state, path)
    tensors = _distinct_names(sound(state, path), path)
    encoder = replace(_encoder(tensors, path, people, heads, alpha, gap), modalities=(modality or "joint",))
    config = EncoderFileConfig(
        encoder=encoder,
        projectors=_projectors(tensors, path),
        classes=int(tensors["fc.weight"].shape[0]) if "fc.weight" in tensors else None,
        provenance=Provenance(file=path.name, epoch=epoch if isinstance(epoch, int) else None),
    )
    encoder_file.check(path, config, tensors)
    return EncoderFile(path, config, tensors)


def write(path: str | Path, model: EncoderFile) -> None:
    """Write a checkpoint that the official code loads: ``epoch`` (0 where unknown) and ``state_dict``, no optimiser.

    Raises:
        ValueError: the official code cannot compute what this model computes.
    """
    encoder = model.config.encoder
    if len(encoder.modalities) == 1:
        encoder = replace(encoder, modalities=("joint",))
    own = [
        f.name
        for f in fields(EncoderConfig)
        if f.name not in OFFICIAL_CHOICES and getattr(encoder, f.name) != f.default
    ]
    if own:
        raise ValueError(f"{model.path}: the official code has no {', '.join(own)}, so its numbers would differ there")
    state = {PREFIX + name: tensor for name, tensor in state_dict(model.tensors).items()}
    content = io.BytesIO()
    torch.save({"epoch": model.config.provenance.epoch or 0, "state_dict": state}, content)
    write_bytes(path, content.getvalue())


def state_dict(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The official state dict, without ``module.``: the shared attention under both its names."""
    first, second = SHARED
    return {**tensors, **{name.replace(first, second): t for name, t in tensors.items() if first in name}}


def _is_entry(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor)


def _check_storage(state: Mapping[str, Tensor], path: Path) -> None:
    """Refuse tensors that claim more numbers than the file holds: one number can be repeated to any size."""
    for name, tensor in state.items():
        plain = tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
        if not plain or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise ValueError(f"{path}: {cut(name)}: expected a plain tensor with all of its numbers in the file")


def _check_archive(path: Path) -> None:
    """Refuse a checkpoint that is larger than its file once it is unpacked; PyTorch itself never compresses."""
    if not path.is_file():
        what = "a folder, and no checkpoint" if path.is_dir() else "no such file"
        raise FileNotFoundError(f"{path}: {what}; expected a .pth or .pth.tar file")
    with path.open("rb") as file:
        git_lfs.check(file.read(len(git_lfs.BEGIN)), path)
    if not zipfile.is_zipfile(path):  # the format before PyTorch 1.6, which is a row of pickles
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    packed = [entry for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    total = sum(entry.file_size for entry in entries)
    pickles = max((entry.file_size for entry in entries if entry.filename.endswith(".pkl")), default=0)
    if packed or total > path.stat().st_size or pickles > MAX_PICKLE:
        raise ValueError(
            f"{path}: {'compressed, ' if packed else ''}{total} bytes in {path.stat().st_size}, {pickles} of them names"
            f" and settings; expected what torch.save writes, with at most {MAX_PICKLE} of those: save it again where"
            " you trust the file"
        )


def _load(path: Path) -> Mapping[Any, Any]:
    try:
        _check_archive(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError):
        raise
    except Exception as error:  # a damaged pickle can raise anything
        named = re.search(r"GLOBAL (\S+)|class (\S+)", str(error))
        if named:
            raise ValueError(
                f"{path}: refused, it asks for {named[1] or named[2]} and could run code; an official checkpoint holds"
                " tensors and plain values only. Save its state_dict alone, where you trust the file"
            ) from error
        raise ValueError(f"{path}: damaged, or no PyTorch checkpoint ({type(error).__name__}); get it again") from error
    if not isinstance(content, Mapping):
        raise ValueError(f"{path}: expected a checkpoint with a state_dict, got {type(content).__name__}")
    return content


def _distinct_names(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Without the prefix of ``DataParallel``, and with one name for the attention that CA and DSA share."""
    first, second = SHARED
    tensors: dict[str, Tensor] = {}
    for key, tensor in state.items():
        name = str(key).rpartition(PREFIX)[2].replace(second, first)
        known = tensors.get(name)
        if known is not None and not (known.shape == tensor.shape and torch.equal(known, tensor)):
            raise ValueError(
                f"{path}: {key} differs from the other tensor of this name; CA and DSA of a layer share one attention,"
                " so both must be equal"
            )
        tensors[name] = tensor
    return tensors


def _encoder(
    tensors: Mapping[str, Tensor], path: Path, people: int, heads: int, alpha: float, gap: int
) -> EncoderConfig:
    architectures = [name for name, mark in MARKS.items() if mark in tensors]
    if len(architectures) != 1:
        raise ValueError(
            f"{path}: neither DSTE nor STTR: expected {' or '.join(MARKS.values())}, got {', '.join(list(tensors)[:4])}"
        )
    architecture = architectures[0]
    _, tokens, hidden = _shape(tensors, "backbone.spe", 3, path)
    frame = _shape(tensors, "backbone.ske_emb.t_embedding.0.weight", 2, path)[1]
    joint = _shape(tensors, "backbone.ske_emb.s_embedding.0.weight", 2, path)[1]
    if frame != 3 * tokens:
        raise ValueError(
            f"{path}: a frame has {frame} numbers but there are {tokens} joint tokens; expected 3 numbers a token"
            f" ({3 * tokens})"
        )
    if people < 1 or tokens % people:
        raise ValueError(f"{path}: {tokens} joint tokens are no multiple of {people} people; give the number of people")
    if joint % 3:
        raise ValueError(f"{path}: a joint token has {joint} numbers; expected 3 a frame")
    try:
        return EncoderConfig(
            hidden=hidden,
            heads=heads,
            frames=joint // 3,
            people=people,
            joints=tokens // people,
            architecture=architecture,
            alpha=alpha,
            gap=gap,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _projectors(tensors: Mapping[str, Tensor], path: Path) -> ProjectorConfig | None:
    if not any(name.partition(".")[0] in GRAINS.values() for name in tensors):
        return None
    return ProjectorConfig(
        hidden=_shape(tensors, "i_proj.0.weight", 2, path)[0],
        stream=_shape(tensors, "t_proj.6.weight", 2, path)[0],
        instance=_shape(tensors, "i_proj.6.weight", 2, path)[0],
    )


def _shape(tensors: Mapping[str, Tensor], name: str, axes: int, path: Path) -> tuple[int, ...]:
    if name not in tensors:
        raise ValueError(f"{path}: incomplete, {name} is missing")
    if tensors[name].ndim != axes:
        raise ValueError(f"{path}: {name} has shape {tuple(tensors[name].shape)}; expected {axes} axes")
    return tuple(tensors[name].shape)
