"""However a step of pretraining is executed, a run gives the same weights; what a device cannot is refused at once.

CUDA graphs are tried on the CPU with a stand-in for the capture, which runs the step as a graph would: nothing is
computed at the capture, every replay begins with gradients that are None, and its numbers are in the same memory.
"""

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers.tiny_pretraining import ALONE, CPU, ENCODER, RUN, assert_same, change, losses

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining import execution, train
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.execution import GraphedStep, Numbers
from usdrl_model.training.pretraining.nearest_neighbours import NeighbourConfig

GRAPH = change(RUN, execution="cuda_graph", steps=5, save_every=3)


class FakeCapture:
    """Captures on the CPU; see above."""

    def __init__(self) -> None:
        self.captures = 0
        self.model: list[torch.nn.Parameter] = []

    def __call__(self, step: Callable[[torch.Tensor], Numbers], x: torch.Tensor) -> tuple[Numbers, Callable[[], None]]:
        self.captures += 1
        held: Numbers = {}

        def replay() -> None:
            for parameter in self.model:
                parameter.grad = None
            for name, value in step(x).items():
                held.setdefault(name, torch.empty_like(value)).copy_(value)

        return held, replay


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch) -> FakeCapture:
    """A CPU that can capture."""
    fake, real = FakeCapture(), execution.optimiser_of

    def optimiser_of(run: PretrainConfig, model: torch.nn.Module) -> torch.optim.Optimizer:
        fake.model = list(model.parameters())
        return real(run, model)

    monkeypatch.setattr(train, "CAPTURE", fake)
    monkeypatch.setattr(execution, "check", lambda run, workers: None)
    monkeypatch.setattr(execution, "optimiser_of", optimiser_of)
    return fake


def assert_near(model: torch.nn.Module, other: torch.nn.Module) -> None:
    """Matrices alone: biases that norms or softmax cancel have no gradient but rounding, which Adam magnifies."""
    for (name, tensor), expected in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        if tensor.ndim > 1:
            assert (tensor - expected).abs().max() < 1e-3 * expected.abs().max(), name


@pytest.mark.parametrize("optimiser", ["adamw", "adam"])
def test_a_graph_gives_the_run_that_steps_give(
    pool: ClipPool, tmp_path: Path, capture: FakeCapture, optimiser: str
) -> None:
    run = change(GRAPH, optimiser=optimiser, weight_decay=0.1, max_grad_norm=1.0)
    plain = train.train(change(run, execution="eager"), pool, tmp_path / "plain", ALONE)
    graphed = train.train(run, pool, tmp_path / "graph", ALONE)
    assert capture.captures == 1
    assert_near(graphed, plain)
    found, expected = losses(tmp_path / "graph"), losses(tmp_path / "plain")
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-4)
    assert len(set(found["loss"])) == run.steps  # each step has its own numbers


def test_a_graphed_run_goes_on_bit_for_bit(
    pool: ClipPool, tmp_path: Path, capture: FakeCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train.train(GRAPH, pool, tmp_path / "whole", ALONE)
    step = train.updates.update

    def interrupted(run: PretrainConfig, number: int, *more: object) -> Numbers:
        if number == 4:
            raise KeyboardInterrupt
        return step(run, number, *more)

    with monkeypatch.context() as patch:
        patch.setattr(train.updates, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train.train(GRAPH, pool, tmp_path / "parts", ALONE)
    resumed = train.train(GRAPH, pool, tmp_path / "parts", ALONE, resume=True)
    assert capture.captures == 3
    assert_same(resumed, whole)
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")


def test_compiled_steps_give_the_same_run_and_the_time_it_took(
    pool: ClipPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(execution, "BACKEND", "eager")  # traced as for any backend, and ready within seconds
    caplog.set_level(logging.INFO)
    run = change(RUN, steps=2, encoder=dataclasses.replace(ENCODER, streams=("temporal",), stem_kernel=0))
    plain = train.train(run, pool, tmp_path / "plain", ALONE)
    compiled = train.train(change(run, execution="compile"), pool, tmp_path / "compiled", ALONE)
    assert_near(compiled, plain)
    assert "compiled in" in caplog.text
    assert USDRL(run.encoder, run.projectors).state_dict().keys() == compiled.state_dict().keys()


def test_what_cannot_be_compiled_says_so(pool: ClipPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: object, inputs: object) -> object:
        raise RuntimeError("no compiler is found")

    monkeypatch.setattr(execution, "BACKEND", broken)
    with pytest.raises(ValueError, match="torch.compile cannot work here: .*set execution=eager"):
        train.train(change(RUN, execution="compile"), pool, tmp_path, ALONE)


def test_a_rehearsal_leaves_no_trace() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    execution.rehearse(GRAPH, model, lambda: model(torch.randn(5, 3)).sum().backward())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_graph_takes_no_other_batch() -> None:
    model = torch.nn.Linear(3, 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=torch.tensor(0.1), weight_decay=0.5, foreach=False)
    before = model.weight.clone()
    step = GraphedStep(lambda x: {"loss": x.sum()}, optimiser, torch.zeros(2, 3), FakeCapture())
    assert torch.equal(model.weight, before)
    assert all(not value.any() for state in optimiser.state.values() for value in state.values())
    assert step(torch.ones(2, 3))["loss"] == 6.0
    for wrong in (torch.ones(3, 3), torch.ones(2, 3).double()):
        with pytest.raises(ValueError, match=r"expected a batch \(2, 3\) torch.float32"):
            step(wrong)


@pytest.mark.parametrize(
    ("changes", "workers", "message"),
    [
        ({"execution": "cuda_graph"}, ALONE, "one process on a CUDA device, got cpu: set execution=eager"),
        ({"execution": "cuda_graph"}, Processes(0, 2, CPU), "got 2 processes"),
        ({"precision": "tf32"}, ALONE, "tf32 is a format of NVIDIA GPUs, got cpu"),
    ],
)
def test_what_the_device_cannot_is_refused(
    pool: ClipPool, tmp_path: Path, changes: dict, workers: Processes, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        train.train(change(RUN, **changes), pool, tmp_path / "run", workers)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("changes", [{"accumulate": 2}, {"neighbours": NeighbourConfig(weight=1.0)}])
def test_what_no_graph_holds_is_refused_in_the_configuration(changes: dict) -> None:
    with pytest.raises(ValueError, match="a step of one part without neighbours"):
        dataclasses.replace(GRAPH, **changes)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_steps_on_a_gpu(pool: ClipPool, tmp_path: Path, precision: str) -> None:
    gpu = Processes(0, 1, torch.device("cuda"))
    run = change(GRAPH, precision=precision)
    plain = train.train(change(run, execution="eager"), pool, tmp_path / "plain", gpu)
    graphed = train.train(run, pool, tmp_path / "graph", gpu)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(graphed.state_dict()[name], value, rtol=0.05, atol=0.02)
    assert losses(tmp_path / "graph")["loss"] == pytest.approx(losses(tmp_path / "plain")["loss"], rel=0.02)
