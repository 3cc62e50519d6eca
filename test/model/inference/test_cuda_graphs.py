"""Graphs give what the detector gives, whatever the batch: on the CPU, with a stand-in for the capture.

The stand-in does what a graph does: it computes in fixed memory, on what its input holds at the replay, and nothing of
Python runs but that. Before, it spoils the outputs of all graphs, so that whoever keeps them is found out.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference import load
from usdrl_model.inference.cuda_graphs import Function, GraphedDetector, Outputs
from usdrl_model.inference.fold import fold_detector
from usdrl_model.network import device as devices
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector, DetectorConfig
from usdrl_model.online.stream import ActionStream

ENCODER = EncoderConfig(hidden=32, heads=2, frames=16, people=1)


class FakeCapture:
    """Captures on the CPU; see above."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.replays: list[int] = []
        self.tf32: set[bool] = set()
        self._outputs: list[torch.Tensor] = []

    def __call__(self, function: Function, windows: torch.Tensor) -> tuple[Outputs, Callable[[], None]]:
        self.sizes.append(len(windows))
        self.tf32.add(torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32)
        outputs = tuple(part.clone() for part in function(windows))
        self._outputs += outputs

        def replay() -> None:
            self.replays.append(len(windows))
            for output in self._outputs:
                output.fill_(torch.nan)
            for output, part in zip(outputs, function(windows), strict=True):
                output.copy_(part)

        return outputs, replay


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    made = Detector(DetectorConfig(labels=("none", "wave", "bow"), encoder=ENCODER)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("graphs") / "weights"
    detector_file.save(path, made, StreamConfig(max_people=5), Provenance())
    return path


@pytest.fixture(scope="module")
def detector(folder: Path) -> Detector:
    return fold_detector(detector_file.load(folder, "cpu").trained)


def windows(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 16, 1, 25, 3, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def test_every_batch_gets_its_own_answers(detector: Detector) -> None:
    capture = FakeCapture()
    graphed = GraphedDetector(detector, capture)
    graphed.prepare(5)
    assert capture.sizes == [8, 4, 2, 1]  # the largest first
    batches = [windows(count, seed=count) for count in (1, 3, 8, 5, 2, 19, 0)]
    answers = [graphed(batch) for batch in batches]  # all are kept before any is read
    assert capture.replays == [1, 4, 8, 8, 2, 8, 8, 4, 1]
    for batch, mine in zip(batches, answers, strict=True):
        for found, expected in zip(mine, detector(batch), strict=True):
            assert found.shape == expected.shape
            torch.testing.assert_close(found, expected, rtol=0.0, atol=1e-5)


@torch.inference_mode()
def test_rows_that_fill_a_batch_up_do_not_matter(detector: Detector) -> None:
    graphed = GraphedDetector(detector, FakeCapture())
    graphed.prepare(4)
    clean = graphed(windows(3)).frames
    graphed(torch.full((4, 16, 1, 25, 3), torch.nan))
    torch.testing.assert_close(graphed(windows(3)).frames, clean, rtol=0.0, atol=0.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (windows(2).double(), "float32 on cpu, got .*float64"),
        (windows(2)[:, :8], r"expected windows \(N, 16, 1, 25, 3\)"),
        (windows(2).to("meta"), "on meta"),
    ],
)
def test_windows_that_a_graph_would_take_silently_are_refused(
    detector: Detector, wrong: torch.Tensor, message: str
) -> None:
    graphed = GraphedDetector(detector, FakeCapture())
    graphed.prepare(2)
    with pytest.raises(ValueError, match=message):
        graphed(wrong)


def test_what_cannot_be_captured_says_so(detector: Detector) -> None:
    def failing(function: Function, windows: torch.Tensor) -> tuple[Outputs, Callable[[], None]]:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(ValueError, match="cannot be captured on cpu: CUDA out of memory.*set cuda_graphs to false"):
        GraphedDetector(detector, failing).prepare(1)
    with pytest.raises(ValueError, match="1 window or more"):
        GraphedDetector(detector, FakeCapture()).prepare(0)


def test_a_stream_captures_at_its_warm_up_and_never_after(folder: Path) -> None:
    capture, plain = FakeCapture(), load.load(folder, "cpu")
    loaded = replace(plain, detector=GraphedDetector(fold_detector(detector_file.load(folder, "cpu").trained), capture))
    stream = ActionStream(loaded, topology="kinect_v2_25")
    stream.warm_up()
    assert capture.sizes == [8, 4, 2, 1]
    assert capture.tf32 == {False}
    for count in (1, 6, 12):
        mine, features = load.answers(loaded, windows(count).numpy())
        expected, its_features = load.answers(plain, windows(count).numpy())
        np.testing.assert_allclose(mine, expected, rtol=0.0, atol=1e-5)
        np.testing.assert_allclose(features, its_features, rtol=0.0, atol=1e-5)
    assert len(capture.sizes) == 4


def test_tf32_is_a_choice(folder: Path) -> None:
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    capture = FakeCapture()
    chosen = replace(
        load.load(folder, "cpu"),
        detector=GraphedDetector(fold_detector(detector_file.load(folder, "cpu").trained), capture),
        precision="tf32",
    )
    load.warm_up(chosen, 1)
    assert capture.tf32 == {True}
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before
    with devices.float32_products():
        assert not torch.backends.cudnn.allow_tf32
    with pytest.raises(ValueError, match="tf32 is a format of NVIDIA GPUs, got cpu"):
        load.load(folder, "cpu", "tf32")


def test_bf16_for_few_people_is_advised_against_on_a_gpu_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load.load(folder, "cpu", "bf16")
    assert load.advice(loaded, 5) == ""
    monkeypatch.setattr(type(loaded), "device", property(lambda self: torch.device("cuda")))
    assert "slower than fp32 on a GPU below 64 windows a call, here at most 5" in load.advice(loaded, 5)
    assert load.advice(loaded, 64) == ""
    assert "advice" in ActionStream(loaded, topology="kinect_v2_25").describe()


def test_a_stream_on_the_cpu_has_no_graphs(folder: Path) -> None:
    stream = ActionStream.from_pretrained(folder, topology="kinect_v2_25", device="cpu")
    assert "graphs" not in stream.describe()["runtime"]
    with pytest.raises(ValueError, match="need a detector on a CUDA device"):
        ActionStream.from_pretrained(folder, topology="kinect_v2_25", device="cpu", cuda_graphs=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_graphs_on_a_gpu(folder: Path, precision: str) -> None:
    loaded, plain = load.load(folder, "cuda", precision, cuda_graphs=None), load.load(folder, "cuda", precision)
    assert isinstance(loaded.detector, GraphedDetector)
    load.warm_up(loaded, 5)
    for count in (1, 3, 8, 1, 19):
        x = windows(count, seed=count).numpy()
        for mine, theirs in zip(load.answers(loaded, x), load.answers(plain, x), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0.0, atol=1e-5 if precision == "fp32" else 0.05)
