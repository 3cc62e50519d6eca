"""Weights of others: numbers that cannot work are refused, and no declared size is believed before the file is."""

import json
import os
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from usdrl_model import config
from usdrl_model.checkpoints import config_file, detector_file, official, state_dict, tensor_file
from usdrl_model.checkpoints.pretrained_models import USDRL, Downstream, load_encoder
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference import load
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.stream import ActionStream

SMALL = EncoderConfig(hidden=16, frames=12, joints=5)
LIMIT = 1_500_000_000
"""Bytes of address space more than torch alone takes."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    encoder = EncoderConfig(hidden=16, heads=2, people=1, frames=32)
    detector = Detector(DetectorConfig(labels=("none", "wave"), encoder=encoder))
    detector_file.save(tmp_path / "w", detector, StreamConfig(), Provenance())
    return tmp_path / "w"


def change_tensors(folder: Path, change: Callable[[str, torch.Tensor], torch.Tensor]) -> None:
    file = folder / "model.safetensors"
    save_file({name: change(name, tensor) for name, tensor in load_file(file).items()}, file)


def change_config(folder: Path, key: str, value: Any) -> None:
    mapping = json.loads((folder / "config.json").read_text())
    inner = mapping
    *parents, last = key.split(".")
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    (folder / "config.json").write_text(json.dumps(mapping))


def as_type(dtype: torch.dtype) -> Callable[[str, torch.Tensor], torch.Tensor]:
    return lambda _, tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_names_its_tensor(folder: Path, tmp_path: Path, value: float) -> None:
    def spoil(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name == "dense.weight":
            tensor[1, 3] = value
        return tensor

    change_tensors(folder, spoil)
    with pytest.raises(ValueError, match=r"model\.safetensors: dense\.weight: 1 of 64 numbers are NaN or infinite"):
        load.load(folder, "cpu")

    model = USDRL(SMALL)
    with torch.no_grad():
        model.backbone.spe[0, 2, 3] = value
    model.save_pretrained(tmp_path / "model")
    torch.save({"state_dict": model.state_dict()}, tmp_path / "x.pth.tar")
    for path in ("model", "x.pth.tar"):
        with pytest.raises(ValueError, match=r"backbone\.spe: 1 of 160 numbers are NaN or infinite"):
            load_encoder(tmp_path / path)


def test_a_checkpoint_full_of_nan_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = USDRL(SMALL)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(torch.nan)
    state = model.state_dict()
    torch.save({"state_dict": state}, tmp_path / "nan.pth")
    assert main.main(["convert", str(tmp_path / "nan.pth"), str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "NaN or infinite" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_are_computed_in_float32_and_that_is_said(
    folder: Path, tmp_path: Path, dtype: torch.dtype, caplog: pytest.LogCaptureFixture
) -> None:
    model = USDRL(SMALL).eval()
    state = {name: as_type(dtype)(name, tensor) for name, tensor in model.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "half.pth")
    caplog.set_level("INFO")
    assert main.main(["convert", str(tmp_path / "half.pth"), str(tmp_path / "out")]) == 0
    assert f"weights in {str(dtype).removeprefix('torch.')}, computed in float32" in caplog.text
    x = torch.randn(2, 12, 2, 5, 3)
    with torch.no_grad():
        expected = model.backbone(x)["temporal"]
        for path in ("half.pth", "out"):
            found = load_encoder(tmp_path / path)(x)["temporal"]
            torch.testing.assert_close(found, expected, rtol=0.1, atol=0.1)
    change_tensors(folder, as_type(dtype))
    ActionStream.from_pretrained(folder, topology="kinect_v2_25", device="cpu").warm_up()


def test_detectors_are_float32_whatever_the_file_holds(folder: Path) -> None:
    change_tensors(folder, as_type(torch.float64))
    ActionStream.from_pretrained(folder, topology="kinect_v2_25", device="cpu").warm_up()
    change_tensors(folder, lambda name, tensor: tensor.double() if name == "dense.bias" else tensor)
    ActionStream.from_pretrained(folder, topology="kinect_v2_25", device="cpu").warm_up()


@pytest.mark.parametrize("dtype", [torch.int32, torch.bool, torch.float8_e4m3fn])
def test_other_kinds_of_numbers_are_refused(folder: Path, dtype: torch.dtype) -> None:
    change_tensors(folder, as_type(dtype))
    with pytest.raises(ValueError, match="without fractions|float8_e4m3fn; expected float32"):
        detector_file.load(folder, "cpu")


def test_answers_that_are_no_numbers_end_the_warm_up(folder: Path) -> None:
    change_tensors(folder, lambda _, tensor: tensor * 1e37 if tensor.is_floating_point() else tensor)
    stream = ActionStream.from_pretrained(folder, topology="kinect_v2_25", device="cpu")
    with pytest.raises(ValueError, match=r"weights w \(torch .*\) give scores that are NaN or infinite"):
        stream.warm_up()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("detector.encoder.heads", 128, "heads: expected at most 64"),
        ("detector.encoder.frames", 10**9, "frames must be 1 to 200"),
        ("detector.encoder.people", 10**9, "people: expected at most 32"),
        ("detector.encoder.joints", 10**9, "joints: expected at most 512"),
        ("detector.encoder.gap", 10**40, "gap: expected at most 1024"),
        ("detector.encoder.stem_kernel", 10**9 + 1, "stem_kernel: expected at most 401"),
        ("detector.encoder.conv_kernel", -1, "conv_kernel from 1"),
        ("detector.encoder.alpha", float("nan"), "alpha: expected a finite number"),
        ("detector.encoder.drop_path", 10**400, "drop_path: expected a finite number"),
        ("detector.rate", 1e9, "rate: expected at most 240"),
        ("detector.rate", 1e-300, "0.1 at least"),
        ("detector.labels", ["none", *map(str, range(5000))], "labels: expected at most 1000"),
        ("detector.labels", ["none", "a\nb"], "printable characters"),
        ("detector.labels", ["none", "a" * 5000], "1 to 100 printable characters"),
        ("stream.smoothing", 1e7, "smoothing: expected at most 60"),
        ("stream.max_rate", 1e9, "max_rate: expected at most 240"),
        ("stream.max_people", 10**9, "max_people: expected at most 1000"),
        ("stream.max_gap", float("inf"), "max_gap: expected a finite number"),
    ],
)
def test_sizes_in_a_configuration_have_a_stated_limit(folder: Path, key: str, value: Any, message: str) -> None:
    change_config(folder, key, value)
    with pytest.raises(ValueError, match=message) as error:
        detector_file.load(folder, "cpu")
    assert "config.json" in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(("name", "value"), [("smoothing", 2.2), ("look_ahead", 2.2)])
def test_settings_end_with_the_window_of_the_weights(folder: Path, name: str, value: float) -> None:
    weights = detector_file.load(folder, "cpu")
    wide = config.from_dict(StreamConfig, {name: value, "max_gap": 10.0})
    with pytest.raises(ValueError, match=rf"{name}: expected at most 2\.13333 s, the window of the weights"):
        ActionStream(weights, topology="kinect_v2_25", config=wide)
    stream = ActionStream(weights, topology="kinect_v2_25")
    with pytest.raises(ValueError, match=rf"{name}: expected at most"):
        stream.configure(wide)
    assert stream.config == StreamConfig()


def test_a_size_costs_nothing_before_it_is_believed(folder: Path) -> None:
    """In a process that may not grow: with ``hidden: 8192`` alone the module would take gigabytes."""
    for key, value in {"hidden": 8192, "heads": 1, "frames": 200, "streams": ["temporal", "spatial"]}.items():
        change_config(folder, f"detector.encoder.{key}", value)
    code = (
        "import resource, sys; from usdrl_model.checkpoints import detector_file\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (used + {LIMIT},) * 2)\n"
        "detector_file.load(sys.argv[1], 'cpu')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "expected (2, 16384), got (2, 32)" in done.stderr


@pytest.mark.parametrize("length", [0, 7, 2**63, tensor_file.MAX_HEADER + 1])
def test_the_length_of_a_header_is_not_believed(folder: Path, length: int) -> None:
    content = struct.pack("<Q", length) + b" " * (tensor_file.MAX_HEADER + 100 if length > 100 else 6)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="damaged or no safetensors file"):
        detector_file.load(folder, "cpu")


def test_weights_of_zeros_alone_are_refused(folder: Path) -> None:
    change_tensors(folder, lambda name, tensor: torch.zeros_like(tensor))
    with pytest.raises(ValueError, match=r"model\.safetensors: all numbers are 0"):
        detector_file.load(folder, "cpu")


def test_pointers_of_git_lfs_say_what_to_do(folder: Path, tmp_path: Path) -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    for name in ("w/model.safetensors", "x.onnx", "x.pth"):
        (tmp_path / name).write_text(text)
    for read, name in ((detector_file.load, "w"), (load.load, "x.onnx"), (official.read, "x.pth")):
        with pytest.raises(ValueError, match="a pointer of Git LFS, not the file itself: run git lfs pull"):
            read(tmp_path / name)


def test_a_configuration_is_short_and_flat(folder: Path) -> None:
    twice = (folder / "config.json").read_text().replace('"format"', '"format": "x", "format"', 1)
    long, deep = " " * (config_file.MAX_BYTES + 1), "[" * 100_000
    for text, message in ((long, "no configuration"), (deep, "not JSON"), (twice, "the key 'format' is there twice")):
        (folder / "config.json").write_text(text)
        with pytest.raises(ValueError, match=message):
            detector_file.load(folder, "cpu")
        assert not detector_file.is_detector(folder)


def state_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(model.state_dict())


def test_a_checkpoint_holds_all_the_numbers_that_it_claims(tmp_path: Path) -> None:
    state = state_of(USDRL(SMALL))
    repeated = {name: torch.zeros(()).expand(tensor.shape) for name, tensor in state.items()}
    endless = {**state, "backbone.spe": torch.zeros(1).expand(1, 10, 10**12)}
    sparse = {**state, "backbone.spe": torch.zeros(1, 10, 16).to_sparse()}
    for number, claims in enumerate((repeated, endless, sparse)):
        torch.save({"state_dict": claims}, tmp_path / f"{number}.pth")
        with pytest.raises(ValueError, match="expected a plain tensor with all of its numbers in the file"):
            official.read(tmp_path / f"{number}.pth")


def test_a_checkpoint_is_no_larger_than_its_file(tmp_path: Path) -> None:
    torch.save({"state_dict": state_of(USDRL(SMALL))}, tmp_path / "good.pth")
    with (
        zipfile.ZipFile(tmp_path / "good.pth") as good,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for entry in good.infolist():
            bomb.writestr(entry.filename, good.read(entry))
    with pytest.raises(ValueError, match="compressed"):
        official.read(tmp_path / "bomb.pth")
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(FileNotFoundError, match="no such file"):
        official.read(tmp_path / "pipe.pth")


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a folder, and no checkpoint; expected a \.pth or \.pth\.tar file"):
        official.read(tmp_path)


def test_names_in_a_checkpoint_are_texts(tmp_path: Path) -> None:
    torch.save({("a", "b"): torch.zeros(2), "x\n" + "y" * 500: 3}, tmp_path / "x.pth")
    with pytest.raises(ValueError, match=r"no state dict in it; it holds x\\ny{30,40}\.\.\.$"):
        official.read(tmp_path / "x.pth")


def test_convert_says_what_it_assumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": state_of(Downstream(SMALL, 7))}, tmp_path / "x.pth")
    assert main.main(["convert", str(tmp_path / "x.pth"), str(tmp_path / "a")]) == 0
    assert "does not say: people 2, heads 1, alpha 0.5, gap 4, modality joint" in capsys.readouterr().out
    words = ["--people", "2", "--heads", "4", "--alpha", "0.5", "--gap", "4", "--modality", "joint"]
    assert main.main(["convert", str(tmp_path / "x.pth"), str(tmp_path / "b"), *words]) == 0
    assert "assumed" not in capsys.readouterr().out


def test_files_have_the_mode_of_the_umask(folder: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        detector_file.save(tmp_path / "d", detector_file.load(folder, "cpu").trained, StreamConfig(), Provenance())
        USDRL(SMALL).save_pretrained(tmp_path / "m")
        USDRL(SMALL).save_pretrained(tmp_path / "m.safetensors")
    finally:
        os.umask(before)
    files = [*(tmp_path / "d").iterdir(), *(tmp_path / "m").iterdir(), tmp_path / "m.safetensors"]
    assert len(files) == 5
    assert {path.stat().st_mode & 0o777 for path in files} == {0o640}


def test_a_full_disk_leaves_the_weights_as_they_were(tmp_path: Path) -> None:
    first = USDRL(SMALL)
    first.save_pretrained(tmp_path / "m")
    content = (tmp_path / "m" / "model.safetensors").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="could not be written"):
            USDRL(SMALL).save_pretrained(tmp_path / "m")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == content
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["config.json", "model.safetensors"]


def test_nested_states_are_looked_through() -> None:
    good = {"model": {"a": torch.zeros(2)}, "steps": [1, torch.ones(3)], "n": torch.tensor([1, 2])}
    state_dict.check_finite(good, "x.pt")
    with pytest.raises(ValueError, match=r"x\.pt: best\.0\.w: 1 of 2 numbers"):
        state_dict.check_finite({**good, "best": [{"w": torch.tensor([1.0, np.nan])}]}, "x.pt")


@pytest.mark.parametrize("hidden", [8192, 2_000_000, 10**12, 10**18])
def test_a_width_is_compared_with_the_file(folder: Path, hidden: int) -> None:
    change_config(folder, "detector.encoder.hidden", hidden)
    with pytest.raises(ValueError, match=r"does not fit the model.*expected \(2, \d+\), got \(2, 32\)|cannot be built"):
        detector_file.load(folder, "cpu")
