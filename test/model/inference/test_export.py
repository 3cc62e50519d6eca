"""Detectors for inference: ONNX files and torch precisions give the answers they promise, and say what they are."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.paths import ROOT
from helpers.tiny_detector import CONFIG

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.evaluation import parity
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference import in_torch, load, onnx_runtime, onnx_seal
from usdrl_model.inference.onnx_export import export
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.online.stream import ActionStream

# Without VNNI, products of two 8-bit numbers saturate (docs/speed.md): 0.132 and 0.9979 were measured there.
VNNI = any("vnni" in line for line in Path("/proc/cpuinfo").read_text().splitlines())


@pytest.fixture(scope="module")
def by_twos(weights: LoadedDetector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with a fixed batch of two: of a tiny detector of windows and of a streaming one."""
    folder = tmp_path_factory.mktemp("by_twos")
    export(weights, folder / "tiny.onnx", batch=2)
    export(detector_file.load("hri_streaming", "cpu"), folder / "hri_streaming.onnx", batch=2)
    return folder


@pytest.mark.parametrize(
    ("precision", "error", "cosine"),
    [("fp32", 1e-5, 0.999999), ("int8", 0.1, 0.999) if VNNI else ("int8", 0.15, 0.997)],
)
def test_an_exported_file_gives_the_same_answers(
    weights: LoadedDetector, exported: Path, precision: str, error: float, cosine: float
) -> None:
    report = parity.parity(weights, exported / f"{precision}.onnx", parity.sample_windows(CONFIG, 12))
    assert report["windows"] == 12
    assert report["precision"] == precision
    assert max(report["max_abs_error"].values()) < error
    assert report["min_feature_cosine"] > cosine
    assert report["same_frames"] > 0.95


def test_int8_multiplies_in_int8_inside_the_layers_only(exported: Path) -> None:
    onnx = onnx_runtime.library("onnx")
    nodes = [node.op_type for node in onnx.load(exported / "int8.onnx").graph.node]
    # Two layers: convolution, query, out, two fc1, fc2.
    assert nodes.count("MatMulInteger") == 12
    assert (exported / "int8.onnx").stat().st_size < 0.6 * (exported / "fp32.onnx").stat().st_size


def test_a_file_takes_any_batch_and_tells_nothing_about_the_machine(folder: Path, exported: Path) -> None:
    loaded = load.load(exported / "fp32.onnx")
    expected = detector_file.load(folder, "cpu").detector
    for N in (1, 3, 8):
        x = torch.randn(N, 16, 1, 25, 3)
        with torch.no_grad():
            for mine, theirs in zip(loaded.detector(x.numpy()), expected(x), strict=True):
                np.testing.assert_allclose(mine, theirs.numpy(), rtol=0.0, atol=1e-5)
    with pytest.raises(ValueError, match=r"expected windows of shape \(N, 16, 1, 25, 3\), got \(1, 64, 1, 25, 3\)"):
        loaded.detector(np.zeros((1, 64, 1, 25, 3), np.float32))
    assert str(ROOT).encode() not in (exported / "fp32.onnx").read_bytes()


def test_a_stream_runs_on_a_file_and_says_so(weights: LoadedDetector, exported: Path) -> None:
    stream = ActionStream.from_pretrained(exported / "int8.onnx", topology="kinect_v2_25")
    stream.warm_up()
    described = stream.describe()
    assert described["precision"] == "int8"
    assert described["device"] == "cpu"
    assert described["runtime"].startswith("ONNX Runtime ")
    assert described["hash"] == hashlib.sha256((exported / "int8.onnx").read_bytes()).hexdigest()[:12]
    assert described["made_from"] == weights.sha256[:12]
    assert described["weights"] == "tiny"
    assert stream.labels == CONFIG.labels
    assert stream.config.look_ahead == 0.3


def test_a_file_is_never_something_else_silently(weights: LoadedDetector, exported: Path, tmp_path: Path) -> None:
    path = exported / "int8.onnx"
    with pytest.raises(ValueError, match="is int8; use auto, or export"):
        load.load(path, precision="fp32")
    with pytest.raises(ValueError, match="run on the CPU"):
        load.load(path, "cuda")
    with pytest.raises(ValueError, match="cuda_graphs"):
        load.load(path, cuda_graphs=True)
    with pytest.raises(ValueError, match=r"tiny: expected a detector as it was trained, got one in ONNX Runtime"):
        export(load.load(path), tmp_path / "again.onnx")
    with pytest.raises(ValueError, match=r"tiny: expected a detector as it was trained, got one in torch .*, folded"):
        export(in_torch.accelerate(weights), tmp_path / "again.onnx")
    with pytest.raises(FileNotFoundError, match="usdrl export"):
        load.load(tmp_path / "nothing.onnx")
    (tmp_path / "junk.onnx").write_bytes(b"junk" * 100)
    with pytest.raises(ValueError, match=r"junk\.onnx: ONNX Runtime"):
        load.load(tmp_path / "junk.onnx")


def test_a_file_of_other_origin_is_refused(exported: Path, tmp_path: Path) -> None:
    onnx = onnx_runtime.library("onnx")
    model = onnx.load(exported / "fp32.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"expected an ONNX file of format 'usdrl\.onnx/2'"):
        load.load(tmp_path / "other.onnx")


def test_no_changed_byte_runs(exported: Path, tmp_path: Path) -> None:
    content = (exported / "fp32.onnx").read_bytes()
    assert onnx_seal.is_sealed(content)
    path, rng = tmp_path / "changed.onnx", np.random.default_rng(0)
    for place in (*rng.integers(0, len(content), 10), len(content) - 1, len(content) - 70):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ValueError, match=r"changed\.onnx: "):
            load.load(path)
    path.write_bytes(content + b"\x72\x02\x0a\x00")  # a well-formed property more
    with pytest.raises(ValueError, match="do not fit its checksum"):
        load.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda scores: scores * np.float32(np.inf), "not finite"),
        (lambda scores: scores[..., :2], r"got \(\(1, 16, 2\)"),
    ],
)
def test_a_graph_that_breaks_its_promise_is_refused(
    weights: LoadedDetector, change: Callable[[np.ndarray], np.ndarray], message: str
) -> None:
    class Session:
        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(shape=["windows", 16, 1, 25, 3])]

        def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
            count = len(given["windows"])
            features = np.ones((count, CONFIG.encoder.features), np.float32)
            return [change(np.ones((count, 16, 3), np.float32)), np.ones((count, 3), np.float32), features]

    detector = onnx_runtime.OnnxDetector(Session(), CONFIG)
    with pytest.raises(ValueError, match=message):
        detector(np.zeros((1, 16, 1, 25, 3), np.float32))


def test_a_file_that_no_detector_fills_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.onnx").open("wb") as file:
        file.truncate(onnx_runtime.MAX_BYTES + 1)
    with pytest.raises(ValueError, match="expected at most 1073741824"):
        load.load(tmp_path / "big.onnx")


def test_export_from_the_command_line(
    folder: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "SAME", 1.01)  # as if the file did not agree often enough
    out = tmp_path / "tiny.onnx"
    assert main.main(["export", str(folder), str(out), "--batch", "2", "--windows", "1"]) == 0
    report = json.loads((tmp_path / "tiny.json").read_text())
    assert report["windows"] == 1
    assert report["bytes"] == out.stat().st_size
    assert set(report["cpu_ms"]) == {"as_trained", "torch", "onnx"}
    printed = capsys.readouterr()
    assert f"{'windows:':<20}1" in printed.out
    assert "% of the frames have another action than by the weights" in printed.err
    with pytest.raises(Exception, match="[Gg]ot"):  # of ONNX Runtime: the batch is fixed
        onnx_runtime.session(out).run(None, {"windows": np.zeros((3, 16, 1, 25, 3), np.float32)})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "out.onnx"], "expected the name of a shipped detector"),
        (["WEIGHTS", "out.bin"], "ends in .onnx"),
        (["WEIGHTS", "out.onnx", "--precision", "int4"], "expected fp32 or int8"),
        (["WEIGHTS", "out.onnx", "--batch", "8", "--windows", "0"], "--windows: expected 1 or more, got 0"),
    ],
)
def test_wrong_arguments_are_explained(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    assert main.main(["export", *(str(folder) if word == "WEIGHTS" else word for word in arguments)]) == 1
    assert message in capsys.readouterr().err


def test_without_the_libraries_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "some.onnx").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="an ONNX file needs onnxruntime: pip install onnxruntime$"):
        load.load(tmp_path / "some.onnx")


@pytest.mark.parametrize("precision", ["auto", "fp32", "bf16"])
def test_torch_runs_in_the_precision_asked_for(folder: Path, precision: str) -> None:
    expected, x = detector_file.load(folder, "cpu").detector, parity.sample_windows(CONFIG, 8)
    loaded = load.load(folder, "cpu", precision)
    with torch.inference_mode():
        error = (loaded.detector(x).frames - expected(x).frames).abs().max().item()
    assert loaded.precision == ("bf16" if precision == "bf16" else "fp32")
    assert loaded.runtime == f"torch {torch.__version__}, folded"
    assert (1e-4 < error < 0.1) if precision == "bf16" else error < 1e-5


def test_the_default_of_a_stream_is_exact(folder: Path) -> None:
    described = ActionStream.from_pretrained(folder, topology="kinect_v2_25", device="cpu").describe()
    assert described["precision"] == "fp32"
    assert "folded" in described["runtime"]


def test_sttr_runs_as_it_was_trained(tmp_path: Path) -> None:
    encoder = EncoderConfig(hidden=16, heads=2, frames=16, people=1, architecture="sttr")
    detector_file.save(tmp_path, Detector(replace(CONFIG, encoder=encoder)), StreamConfig(), Provenance())
    loaded, x = load.load(tmp_path, "cpu"), torch.randn(2, 16, 1, 25, 3)
    assert loaded.runtime.endswith("as trained")
    with torch.no_grad():
        expected = detector_file.load(tmp_path, "cpu").detector(x).frames
        torch.testing.assert_close(loaded.detector(x).frames, expected, rtol=0.0, atol=1e-5)
    with pytest.raises(ValueError, match="architecture sttr, runs in fp32 only"):
        load.load(tmp_path, "cpu", "bf16")
    with pytest.raises(ValueError, match="STTR encoder loses its accuracy in int8; export it in fp32"):
        export(detector_file.load(tmp_path, "cpu"), tmp_path / "sttr.onnx", "int8")


def test_what_cannot_run_is_refused(folder: Path, weights: LoadedDetector) -> None:
    with pytest.raises(ValueError, match="expected auto, fp32, tf32 or bf16 .*usdrl export"):
        load.load(folder, precision="int8")
    with pytest.raises(ValueError, match="CUDA graphs need a detector on a CUDA device, got cpu"):
        load.load(folder, "cpu", cuda_graphs=True)


def test_the_bytes_of_an_onnx_file_that_are_hashed_run(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = exported / "fp32.onnx", onnx_runtime.session
    given: list[Path | bytes] = []

    def session(model: Path | bytes, threads: int | None = None, name: str = "the model") -> object:
        given.append(model)
        return real(model, threads, name)

    monkeypatch.setattr(onnx_runtime, "session", session)
    assert load.load(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert given == [path.read_bytes()]


def test_a_file_of_a_fixed_batch_scores_any_number_of_windows(exported: Path, by_twos: Path) -> None:
    fixed, free = load.load(by_twos / "tiny.onnx"), load.load(exported / "fp32.onnx")
    for count in (0, 1, 2, 3):
        x = np.random.default_rng(count).normal(size=(count, 16, 1, 25, 3))
        for mine, theirs in zip(load.answers(fixed, x), load.answers(free, x), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)
        assert load.answers(fixed, x)[0].shape == (count, 16, len(CONFIG.labels))
    with pytest.raises(ValueError, match="expected windows of finite numbers"):
        load.answers(fixed, np.full((1, 16, 1, 25, 3), np.inf))
    with pytest.raises(ValueError, match="takes windows only"):
        load.advance(fixed, np.zeros((1, 1, 25, 3)), np.zeros((1, 7)))


@pytest.mark.parametrize("name", ["tiny", "hri_streaming"])
def test_a_file_of_a_fixed_batch_is_compared_on_all_windows(weights: LoadedDetector, by_twos: Path, name: str) -> None:
    trained = weights if name == "tiny" else detector_file.load(name, "cpu")
    windows = parity.sample_windows(trained.config.detector, 3)
    for count in (1, 3):
        report = parity.parity(trained, by_twos / f"{name}.onnx", windows[:count])
        assert report["windows"] == count
        assert report["max_abs_error"]["frames"] < 1e-4 and report["same_frames"] > 0.99


def test_the_file_of_a_streaming_detector_takes_any_number_of_people_and_no_windows(by_twos: Path) -> None:
    fixed, torch_ = load.load(by_twos / "hri_streaming.onnx"), load.load("hri_streaming", "cpu")
    for loaded in (fixed, torch_):
        load.warm_up(loaded, 3)
    empty = load.empty_state(torch_.config.detector)[None].repeat(3, axis=0)
    joints = np.random.default_rng(0).normal(size=(3, 4, 25, 3))
    for mine, theirs in zip(load.advance(fixed, joints, empty), load.advance(torch_, joints, empty), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)
    with pytest.raises(ValueError, match="takes frame after frame only"):
        load.features(fixed, load.noise(fixed))


@pytest.mark.parametrize("command", [["bench", "--weights", "FILE"], ["export", "FILE", "again.onnx"]])
def test_a_file_that_only_runs_is_not_sought_elsewhere(
    exported: Path, capsys: pytest.CaptureFixture, command: list[str]
) -> None:
    assert main.main([str(exported / "fp32.onnx") if word == "FILE" else word for word in command]) != 0
    assert "an ONNX file can only be run: give the folder that it was exported from" in capsys.readouterr().err


def test_an_exported_file_is_no_encoder_to_evaluate(exported: Path) -> None:
    with pytest.raises(ValueError, match="an ONNX file can only be run"):
        detector_file.is_detector(exported / "fp32.onnx")
