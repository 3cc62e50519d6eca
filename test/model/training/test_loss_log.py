"""When a run is stopped, and what it says then."""

import math

import pytest
import torch

from usdrl_model.training.pretraining.loss_log import PATIENCE, CollapseError, LossLog


def row(**changes: float) -> dict[str, torch.Tensor]:
    numbers = {"loss": 3.0, "similarity": 1.0, "variance": 2.0, "spread of instance": 0.5, "gradient norm": 9.0}
    return {name: torch.tensor(value) for name, value in (numbers | changes).items()}


def test_numbers_are_kept_by_name_and_step() -> None:
    log = LossLog()
    log.read()
    for loss in (3.0, 2.0):
        log.add(row(loss=loss))
    assert log.values == {}
    log.read()
    log.add(row(loss=1.0))
    log.read()
    assert log.values["loss"] == [3.0, 2.0, 1.0]
    assert log.last["variance"] == 2.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": math.nan, "similarity": math.nan},
            r"step 1: loss, similarity not finite \(similarity nan, variance 2",
        ),
        ({"gradient norm": math.inf}, "step 1: gradient norm not finite"),
        ({"loss": 2e4, "variance": 1.9e4}, "step 1: loss 2e.04 is above 10000, most of it variance"),
    ],
)
def test_broken_and_exploding_numbers_stop_at_their_step_and_name_the_terms(changes: dict, message: str) -> None:
    log = LossLog()
    log.add(row())
    log.add(row(**changes))
    log.add(row())
    with pytest.raises(CollapseError, match=message):
        log.read()


def test_features_may_be_the_same_for_a_moment_but_not_for_long() -> None:
    log = LossLog()
    for step in range(3 * PATIENCE):
        log.add(row(**{"spread of instance": 0.5 if step % PATIENCE == 0 else 0.001}))
    log.read()
    for _ in range(PATIENCE):
        log.add(row(**{"spread of instance": 0.001}))
    with pytest.raises(CollapseError, match="the instance features of all clips have become the same .*variance 2"):
        log.read()
