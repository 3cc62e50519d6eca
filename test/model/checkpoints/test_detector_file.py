"""Weights folders: exact round trips, clear errors, nothing executed."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from usdrl_model.checkpoints import detector_file, shipped, stored_model
from usdrl_model.checkpoints.pretrained_models import USDRL, Downstream, load_encoder
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.events.config import StreamConfig
from usdrl_model.files import atomic_file
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.network.device import choose_device

CONFIG = DetectorConfig(
    labels=("none", "wave"), encoder=EncoderConfig(hidden=16, heads=2, people=1, stem_kernel=5, velocity=True)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    detector_file.save(tmp_path / "w", Detector(CONFIG), StreamConfig(look_ahead=0.3), Provenance())
    return tmp_path / "w"


def test_a_saved_detector_comes_back_bit_for_bit(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = Detector(CONFIG).eval()
    detector_file.save(tmp_path, detector, StreamConfig(look_ahead=0.3), Provenance(command="test"))
    weights = detector_file.load(tmp_path)
    assert weights.config.detector == CONFIG
    assert weights.config.stream.look_ahead == 0.3
    assert weights.config.provenance == Provenance(command="test")
    x = torch.randn(2, 64, 1, 25, 3)
    with torch.no_grad():
        for mine, theirs in zip(detector(x), weights.detector(x), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0.0, atol=0.0)


def test_the_shipped_weights_load_and_are_small() -> None:
    weights = detector_file.load("default")
    assert weights.config.detector.labels[0] == "none"
    assert weights.config.detector.encoder.hidden <= 256
    assert (weights.path / "model.safetensors").stat().st_size <= 8_000_000
    assert (weights.path / "README.md").is_file(), "shipped weights need a model card"
    assert len(weights.sha256) == 64


def test_weights_of_a_training_have_the_name_of_its_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert detector_file.load(folder).name == "w"
    run = folder.rename(folder.parent / "mine")
    (run / "weights").mkdir()
    for file in (*run.glob("*.json"), *run.glob("*.safetensors")):
        file.rename(run / "weights" / file.name)
    monkeypatch.chdir(run)
    assert [detector_file.load(path).name for path in (run / "weights", "weights")] == ["mine", "mine"]


def test_unknown_weights_name_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=shipped.DEFAULT_DETECTOR):
        detector_file.load(tmp_path / "nothing")


def test_a_missing_tensor_file_is_an_error(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors: missing"):
        detector_file.load(folder)


@pytest.mark.parametrize("content", [b"", b"junk" * 100, b"\x80\x04\x95cos\nsystem\n"])
def test_a_damaged_tensor_file_is_an_error(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="damaged or no safetensors"):
        detector_file.load(folder)


def test_a_truncated_tensor_file_is_an_error(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged"):
        detector_file.load(folder)


def test_tensors_of_another_model_are_an_error(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["dense.bias"] = torch.zeros(7)
    tensors["surprise"] = tensors.pop("dense.weight")
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"missing: \['dense\.weight'\], unexpected: \['surprise'\].*expected \(2,\)"):
        detector_file.load(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "other/1"}'])
def test_a_damaged_configuration_is_an_error(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json"):
        detector_file.load(folder)


def test_an_unknown_key_is_an_error_that_names_the_nearest(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["detector"]["encoder"]["hiden"] = 16
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="hidden"):
        detector_file.load(folder)


def test_weights_over_others_are_never_half_of_each(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    other = Detector(dataclasses.replace(CONFIG, labels=("none", "clap")))
    monkeypatch.setattr(atomic_file, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        detector_file.save(folder, other, StreamConfig(), Provenance())
    assert not stored_model.finished(folder), "the tensors are new, and their configuration is not there"
    with pytest.raises(FileNotFoundError, match="a folder with config.json and model.safetensors"):
        detector_file.load(folder, "cpu")
    monkeypatch.undo()
    detector_file.save(folder, other, StreamConfig(), Provenance())
    assert detector_file.load(folder, "cpu").config.detector.labels == ("none", "clap")


def test_devices_are_never_replaced_silently() -> None:
    assert choose_device("cpu").type == "cpu"
    for device in ("gpu", "tpu", ""):
        with pytest.raises(ValueError, match="expected auto, cpu, cuda"):
            choose_device(device)
    if not torch.cuda.is_available():
        assert choose_device("auto").type == "cpu"
        with pytest.raises(ValueError, match="no CUDA"):
            choose_device("cuda")


def test_weights_in_half_the_bytes_are_nearly_the_same_and_keep_their_provenance(folder: Path, tmp_path: Path) -> None:
    assert main.main(["convert", str(folder), str(tmp_path / "half"), "--half"]) == 0
    whole, half = detector_file.load(folder, "cpu"), detector_file.load(tmp_path / "half", "cpu")
    sizes = [(one.path / "model.safetensors").stat().st_size for one in (whole, half)]
    assert sizes[1] < 0.6 * sizes[0]
    assert half.config == whole.config
    assert half.trained.dense.weight.dtype == torch.float32
    x = torch.randn(2, 64, 1, 25, 3)
    with torch.no_grad():
        torch.testing.assert_close(half.detector(x).frames, whole.detector(x).frames, atol=0.02, rtol=0.0)
    assert main.main(["convert", str(folder), str(tmp_path / "other"), "--half", "--heads", "2"]) == 1


def test_a_detector_in_half_the_bytes_is_a_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "half.safetensors"
    assert main.main(["convert", str(folder), str(out), "--half"]) == 1
    assert "half.safetensors: expected a folder, because detectors are loaded from folders" in capsys.readouterr().err
    assert not out.exists()


def test_an_encoder_in_half_the_bytes_says_how_large_its_file_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    USDRL(EncoderConfig(hidden=128, people=1)).save_pretrained(tmp_path / "whole")
    for out in (tmp_path / "half.safetensors", tmp_path / "half"):
        assert main.main(["convert", str(tmp_path / "whole"), str(out), "--half"]) == 0
        said = float(capsys.readouterr().out.split()[-2])
        file = out if out.is_file() else out / "model.safetensors"
        assert said == pytest.approx(file.stat().st_size / 1e6, abs=0.1) and said > 0.5
        assert load_encoder(out).config.hidden == 128


def test_a_recognition_layer_stays_in_half_the_bytes(tmp_path: Path) -> None:
    whole = Downstream(EncoderConfig(hidden=16, people=1), classes=60)
    whole.save_pretrained(tmp_path / "whole")
    assert main.main(["convert", str(tmp_path / "whole"), str(tmp_path / "half"), "--half"]) == 0
    half = Downstream.from_pretrained(tmp_path / "half")
    torch.testing.assert_close(half.fc.weight, whole.fc.weight, atol=1e-3, rtol=0.0)
