"""usdrl bench: every variant in the table, with errors that tell them apart."""

import json
import sys
from pathlib import Path

import pytest
import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference import speed
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig

CONFIG = EncoderConfig(hidden=32, frames=16, people=1)
ONNX = ["ONNX Runtime fp32", "ONNX Runtime int8"]


@pytest.fixture(autouse=True)
def threads() -> object:
    """The command sets the threads of the whole process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_every_variant_is_measured_and_compared() -> None:
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library, reason=f"{library} is not installed (extra: onnx)")
    encoder, x = speed.random_encoder(CONFIG), speed.windows(CONFIG, 3)
    smaller = {"half": speed.random_encoder(EncoderConfig(hidden=16, frames=16, people=1))}
    rows, skipped = speed.bench(encoder, x, batches=(1, 3), rounds=2, smaller=smaller)
    assert [(row.variant, row.batch) for row in rows] == [
        (name, batch) for batch in (1, 3) for name in ["plain", "folded", "fp32", "bf16", *ONNX, "half"]
    ]
    assert skipped == {}
    for row in rows:
        assert row.cpu_ms > 0.0 and row.wall_ms > 0.0 and row.speed_up > 0.0
        exact = row.variant not in ("bf16", "ONNX Runtime int8")
        assert (row.max_abs_error < 5e-6) == exact
        assert row.min_cosine > 0.999
    assert rows[0].speed_up == 1.0


def test_what_is_not_installed_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    rows, skipped = speed.bench(speed.random_encoder(CONFIG), speed.windows(CONFIG, 1), batches=[1], rounds=1)
    assert [row.variant for row in rows] == ["plain", "folded", "fp32", "bf16"]
    assert "needs onnxscript: pip install onnx" in skipped["ONNX Runtime"]


def test_too_few_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="largest batch"):
        speed.bench(speed.random_encoder(CONFIG), speed.windows(CONFIG, 1), batches=[1, 2], rounds=1)


def test_from_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    torch.manual_seed(0)
    detector_file.save(
        tmp_path / "w", Detector(DetectorConfig(labels=("none", "wave"), encoder=CONFIG)), StreamConfig(), Provenance()
    )
    command = ["bench", "--weights", str(tmp_path / "w"), "--rounds", "2", "--batch", "2"]
    assert main.main([*command, "--out", str(tmp_path / "bench.json")]) == 0
    printed, content = capsys.readouterr().out, json.loads((tmp_path / "bench.json").read_text())
    assert [row["variant"] for row in content["rows"]] == ["plain", "folded", "fp32", "bf16"]
    assert content["threads"] == 1
    assert 0.0 < content["start_up_seconds"] < 60.0
    assert "| plain | 2 |" in printed
    assert "left out" in printed


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--batch", "0"], ["--weights", "nothing"]])
def test_wrong_arguments_of_the_measurement_are_explained(wrong: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main.main(["bench", *wrong]) == 1
    assert "expected" in capsys.readouterr().err
