"""Safetensors files are opened once, and what is hashed is what runs."""

import hashlib
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from usdrl_model.checkpoints import detector_file, encoder_file, tensor_file
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig

WANTED = {"a": torch.empty(2, 3, device="meta"), "b": torch.empty(4, device="meta")}
OPENED: list[str] = []
"""Paths that Python opened, from the first test that asks for them on: an audit hook stays until the process ends."""


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        OPENED.append(arguments[0])


@pytest.fixture(scope="module")
def opened() -> list[str]:
    sys.addaudithook(_note)
    return OPENED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_file({"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4)}, tmp_path / "x.safetensors")
    return tmp_path / "x.safetensors"


def rewritten(path: Path, header: dict[str, Any], body: bytes) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def test_tensors_and_hash_are_those_of_the_file(path: Path) -> None:
    with tensor_file.opened(path) as file:
        tensors, sha256 = file.read(WANTED)
    assert torch.equal(tensors["a"], torch.arange(6.0).reshape(2, 3))
    assert torch.equal(tensors["b"], torch.ones(4))
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_later_changes_of_the_file_change_nothing_that_was_read(path: Path) -> None:
    with tensor_file.opened(path) as file:
        tensors, _ = file.read(WANTED)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert torch.equal(tensors["b"], torch.ones(4))


def test_weights_are_opened_once(tmp_path: Path, opened: list[str]) -> None:
    encoder = EncoderConfig(hidden=16, frames=12, people=1)
    detector_file.save(
        tmp_path / "d", Detector(DetectorConfig(labels=("none", "wave"), encoder=encoder)), StreamConfig(), Provenance()
    )
    USDRL(encoder).save_pretrained(tmp_path / "e")
    USDRL(encoder).save_pretrained(tmp_path / "one.safetensors")
    opened.clear()
    loaded = detector_file.load(tmp_path / "d", "cpu")
    encoder_file.read(tmp_path / "e")
    encoder_file.read(tmp_path / "one.safetensors")
    found = [Path(name).relative_to(tmp_path).as_posix() for name in opened if name.endswith(".safetensors")]
    assert found == ["d/model.safetensors", "e/model.safetensors", "one.safetensors"]
    assert loaded.sha256 == hashlib.sha256((tmp_path / "d" / "model.safetensors").read_bytes()).hexdigest()


def test_numbers_are_not_read_before_their_shapes_are_known_to_fit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "empty", lambda *_, **__: pytest.fail("made room for the numbers"))
    with tensor_file.opened(path) as file, pytest.raises(ValueError, match=r"a: expected \(9,\), got \(2, 3\)"):
        file.read({**WANTED, "a": torch.empty(9, device="meta")})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 40]}, "damaged"),
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]}, "damaged"),
        ({"dtype": "F32", "shape": [2, 3]}, "no shape or place"),
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24, 0]}, "no shape or place"),
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [0.0, "24"]}, "no shape or place"),
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [16, 40]}, "damaged"),
        ({"dtype": "F32", "shape": [2, -3], "data_offsets": [0, 24]}, "cannot be built"),
        ({"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 24]}, "cannot be built"),
        ({"dtype": "F32", "shape": ["2", "3"], "data_offsets": [0, 24]}, "cannot be built"),
        ({"dtype": "F32", "data_offsets": [0, 24]}, "no shape"),
        ({"dtype": "C64", "shape": [2, 3], "data_offsets": [0, 24]}, "a: numbers of type 'C64'"),
        ([], "no shape"),
    ],
)
def test_a_header_that_cannot_be_true_is_refused(path: Path, entry: Any, message: str) -> None:
    rewritten(path, {"a": entry, "b": {"dtype": "F32", "shape": [4], "data_offsets": [24, 40]}}, bytes(40))
    with pytest.raises(ValueError, match=message), tensor_file.opened(path) as file:
        file.read(WANTED)


def test_a_file_that_gets_shorter_is_refused(path: Path) -> None:
    save_file({"a": torch.zeros(2, 10**5)}, path)
    with tensor_file.opened(path) as file:
        os.truncate(path, 10**5)
        with pytest.raises(ValueError, match="became shorter"):
            file.read({"a": torch.empty(2, 10**5, device="meta")})


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64])
def test_scalars_empty_tensors_and_other_types_come_back(tmp_path: Path, dtype: torch.dtype) -> None:
    stored = {"a": torch.tensor(3).to(dtype), "b": torch.empty(0, 4, dtype=dtype), "c": torch.arange(5).to(dtype)}
    save_file(stored, tmp_path / "x.safetensors")
    with tensor_file.opened(tmp_path / "x.safetensors") as file:
        tensors, _ = file.read({name: tensor.to("meta") for name, tensor in stored.items()}, (dtype,))
    assert all(torch.equal(tensors[name], stored[name]) and tensors[name].dtype == dtype for name in stored)


@pytest.mark.parametrize("text", [b"[]", b"{", b"[" * 50_000, b'{"a": NaN}', b"\xff\xfe"])
def test_a_header_is_a_mapping_of_names(path: Path, text: bytes) -> None:
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ValueError, match="damaged or no safetensors file"), tensor_file.opened(path):
        pass


@pytest.mark.parametrize("change", [lambda content: content + b"\0", lambda content: content[:-1]])
def test_bytes_too_many_or_too_few_are_refused(path: Path, change: Any) -> None:
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match="damaged"), tensor_file.opened(path):
        pass
