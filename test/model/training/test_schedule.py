"""The learning rate of every kind of training reaches what the configuration says, and falls after that."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.tiny_finetuning import CPU, mixture
from helpers.tiny_finetuning import RUN as DETECTOR
from helpers.tiny_pretraining import ALONE, RUN, change

from usdrl_model.evaluation.baselines import training
from usdrl_model.training.finetuning import train as finetune
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.pretraining import train
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.run_folder import schedule

Rates = list[float]


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> Rates:
    """The largest learning rate of every step that is taken."""
    seen: Rates = []
    for kind in (torch.optim.AdamW, torch.optim.Adam):
        step = kind.step
        monkeypatch.setattr(
            kind,
            "step",
            lambda self, step=step: seen.append(max(group["lr"] for group in self.param_groups)) or step(self),
        )
    return seen


@pytest.mark.parametrize("warm_up", [0.0, 0.05, 0.1, 0.37, 0.99])
@pytest.mark.parametrize("steps", [1, 2, 7, 60, 1000])
def test_it_rises_in_a_line_to_the_configured_rate_and_falls_in_a_cosine_to_the_end(steps: int, warm_up: float) -> None:
    shares = np.array([schedule(step, steps, warm_up) for step in range(steps)])
    peak = int(shares.argmax())
    assert shares[peak] == 1.0
    assert (shares == 1.0).sum() == 1
    assert peak + 1 == max(1, round(warm_up * steps))
    np.testing.assert_allclose(np.diff(shares[: peak + 1], prepend=0.0), 1.0 / (peak + 1))
    falling = np.append(shares[peak:], 0.0)
    np.testing.assert_allclose(falling, 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, len(falling))), atol=1e-12)


@pytest.mark.parametrize("warm_up", [0.0, 0.3])
def test_fine_tuning(rates: Rates, warm_up: float, tmp_path: Path) -> None:
    run = change(DETECTOR, steps=10, warmup_fraction=warm_up)
    finetune.train(run, mixture(run), tmp_path, device=CPU)
    assert (len(rates), max(rates)) == (10, run.learning_rate)


@pytest.mark.parametrize("how", [{}, {"warmup_fraction": 0.4}, {"optimiser": "adam", "lr_milestone": 0.7}])
def test_pretraining(rates: Rates, how: dict, pool: ClipPool, tmp_path: Path) -> None:
    run = change(RUN, steps=10, **how)
    train.train(run, pool, tmp_path / "run", ALONE)
    assert (len(rates), max(rates)) == (10, run.learning_rate)


def test_baselines(rates: Rates) -> None:
    recipe = training.Recipe(epochs=1, fewest=20, batch=4, learning_rate=0.02)
    loss = lambda network, rows, generator: network(torch.ones(len(rows), 3)).square().mean()  # noqa: E731
    training.train(lambda: torch.nn.Linear(3, 1), loss, 8, recipe, CPU, 0)
    assert (len(rates), max(rates)) == (20, 0.02)


def test_a_rate_that_falls_before_it_has_risen_is_refused() -> None:
    with pytest.raises(ValueError, match="lr_milestone"):
        change(RUN, warmup_fraction=0.3, lr_milestone=0.2)
    with pytest.raises(ValueError, match="warmup_fraction"):
        FinetuneConfig(detector=DETECTOR.detector, warmup_fraction=1.0)
