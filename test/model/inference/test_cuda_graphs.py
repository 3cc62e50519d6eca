"""Graphs give what the detector gives, whatever the batch: on the CPU, with a stand-in for the capture.

The stand-in does what a graph does: it computes in fixed memory, on what its input holds at the replay, and nothing of
Python runs but that. Before, it spoils the outputs of all graphs, so that whoever keeps them is found out.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.streaming import streaming_weights
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from usdrl_model.checkpoints import detector_file, shipped
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference import in_torch, load
from usdrl_model.inference.cuda_graphs import Function, GraphedDetector, Tensors
from usdrl_model.inference.fold import fold_detector
from usdrl_model.network import device as devices
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector, DetectorConfig
from usdrl_model.online.live_enrolment import LiveEnrolment
from usdrl_model.online.stream import ActionStream

ENCODER = EncoderConfig(hidden=32, heads=2, frames=16, people=1)


class FakeCapture:
    """Captures on the CPU; see above."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.replays: list[int] = []
        self.tf32: set[bool] = set()
        self._outputs: list[torch.Tensor] = []

    def __call__(self, function: Function, inputs: Tensors) -> tuple[Tensors, Callable[[], None]]:
        self.sizes.append(len(inputs[0]))
        self.tf32.add(torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32)
        outputs = tuple(part.clone() for part in function(*inputs))
        self._outputs += outputs

        def replay() -> None:
            self.replays.append(len(inputs[0]))
            for output in self._outputs:
                output.fill_(torch.nan)
            for output, part in zip(outputs, function(*inputs), strict=True):
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
        (windows(2)[:, :8], r"expected \(N, 16, 1, 25, 3\)"),
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
    def failing(function: Function, inputs: Tensors) -> tuple[Tensors, Callable[[], None]]:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(ValueError, match="cannot be captured on cpu: CUDA out of memory.*set cuda_graphs to false"):
        GraphedDetector(detector, failing).prepare(1)
    with pytest.raises(ValueError, match="1 row or more"):
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


def test_the_steps_of_a_streaming_detector_are_graphs_too() -> None:
    weights, capture = streaming_weights(), FakeCapture()
    graphed = replace(weights, detector=GraphedDetector(weights.trained, capture))
    load.warm_up(graphed, 5)
    assert capture.sizes == [8, 4, 2, 1] and capture.replays == [1]
    rng = np.random.default_rng(0)
    empty = load.empty_state(weights.config.detector)
    mine = theirs = np.repeat(empty[None], 12, axis=0)
    for count in (12, 12, 3, 1, 12):  # rows that are not asked for stand still
        joints = rng.normal(0.0, 0.3, (count, 1, 25, 3)).astype(np.float32)
        joints[0, 0, 5] = np.nan
        found, after = load.advance(graphed, joints, mine[:count])
        expected, there = load.advance(weights, joints, theirs[:count])
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-5)
        np.testing.assert_allclose(after, there, rtol=0.0, atol=1e-4)
        mine, theirs = np.concatenate([after, mine[count:]]), np.concatenate([there, theirs[count:]])
    replays = len(capture.replays)
    several = rng.normal(0.0, 0.3, (2, 3, 25, 3)).astype(np.float32)  # after a pause: not captured
    for found, expected in zip(
        load.advance(graphed, several, mine[:2]), load.advance(weights, several, theirs[:2]), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-4)
    window = torch.from_numpy(load.noise(weights))
    torch.testing.assert_close(graphed.detector(window).frames, weights.detector(window).frames)
    assert len(capture.replays) == replays and len(capture.sizes) == 4


def test_a_step_is_traced_on_a_cpu_alone() -> None:
    assert in_torch.accelerate(streaming_weights()).runtime.endswith("traced")
    elsewhere = streaming_weights()
    elsewhere.detector.to("meta")
    assert in_torch.accelerate(elsewhere).runtime.endswith("as trained")


def test_gestures_beside_a_streaming_detector_are_graphs_before_the_first_is_enrolled(tmp_path: Path) -> None:
    stream, capture = ActionStream(streaming_weights(), topology="kinect_v2_25"), FakeCapture()
    detector = GraphedDetector(fold_detector(detector_file.load("hri", "cpu").trained), capture)
    LiveEnrolment(stream, tmp_path, replace(load.load("hri", "cpu"), detector=detector)).warm_up()
    assert max(capture.sizes) >= stream.config.max_people
    with pytest.raises(ValueError, match="need a detector on a CUDA device"):
        LiveEnrolment.from_pretrained(stream, tmp_path, "hri", device="cpu", cuda_graphs=True)


class FromTheHost(TorchDispatchMode):
    """Finds operations that take an input from nowhere: numbers that Python has, which are copied to the device."""

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        super().__init__()
        self.found: list[str] = []
        self._known = {id(tensor): tensor for tensor in known}

    def __torch_dispatch__(  # noqa: D105
        self, operation: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = operation(*args, **(kwargs or {}))
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, torch.Tensor) and id(leaf) not in self._known:
                self.found.append(str(operation))
                self._known[id(leaf)] = leaf
        if any(tensor.device.type != "meta" for tensor in made):
            self.found.append(str(operation))
        self._known.update({id(tensor): tensor for tensor in made})
        return result


@pytest.mark.parametrize("name", shipped.names("detector"))
def test_nothing_that_is_captured_takes_numbers_from_the_host(name: str) -> None:
    """A capture on a GPU refuses such a copy; here the device is one that has shapes and no numbers."""
    trained = detector_file.load(name, "cpu").trained
    encoder, streaming = trained.config.encoder, trained.config.streaming
    detector = (trained if streaming else fold_detector(trained)).to("meta")
    if streaming:
        inputs = [torch.empty(2, 1, encoder.joints, 3, device="meta"), detector.empty(2)]
    else:
        inputs = [torch.empty(2, encoder.frames, encoder.people, encoder.joints, 3, device="meta")]
    with FromTheHost([*inputs, *detector.parameters(), *detector.buffers()]) as watch, torch.inference_mode():
        detector.advance(*inputs) if streaming else detector(*inputs)
    assert not watch.found


def test_what_takes_numbers_from_the_host_is_found() -> None:
    x = torch.empty(3, 4, device="meta")
    with FromTheHost([x]) as watch:
        x[:, [1, 2]]
        x * x.new_tensor([1.0, 2.0, 3.0, 4.0])
    assert len(watch.found) == 2
    with FromTheHost([x]) as watch:
        x[:, 1] * 2.0 + torch.arange(3, device=x.device)
    assert not watch.found


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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_graphs_of_steps_on_a_gpu() -> None:
    loaded = load.load("hri_streaming", "cuda", cuda_graphs=None)
    plain = load.load("hri_streaming", "cuda", cuda_graphs=False)
    assert isinstance(loaded.detector, GraphedDetector)
    load.warm_up(loaded, 5)
    mine = theirs = np.repeat(load.empty_state(loaded.config.detector)[None], 7, axis=0)
    for seed in range(20):
        joints = np.random.default_rng(seed).normal(0.0, 0.3, (7, 1, 25, 3)).astype(np.float32)
        (found, mine), (expected, theirs) = load.advance(loaded, joints, mine), load.advance(plain, joints, theirs)
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-4)
