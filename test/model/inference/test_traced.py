"""A traced step where torch traces, the step as it is where it does not; no warning is hidden but those meant."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from helpers.streaming import streaming_weights

from usdrl_model.inference import in_torch, load
from usdrl_model.inference.traced import TracedDetector


@pytest.mark.parametrize("missing", ["trace", "freeze"])
def test_a_torch_that_traces_nothing_runs_the_step_as_it_is_and_says_so(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = streaming_weights()
    traced = in_torch.accelerate(weights)
    monkeypatch.delattr(torch.jit, missing)
    plain = in_torch.accelerate(weights)
    assert traced.runtime == f"torch {torch.__version__}, traced"
    assert plain.runtime == f"torch {torch.__version__}, as trained, which this torch cannot trace"
    joints = np.random.default_rng(0).normal(0.0, 0.3, (3, 1, 25, 3)).astype(np.float32)
    empty = np.repeat(load.empty_state(weights.config.detector)[None], 3, axis=0)
    for mine, expected in zip(load.advance(plain, joints, empty), load.advance(traced, joints, empty), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=0.0, atol=1e-5)


def test_tracing_warns_of_nothing_that_is_known_and_of_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TracedDetector(streaming_weights(seed=11).detector)
    freeze = torch.jit.freeze

    def warning(module: Any) -> Any:
        warnings.warn("this will be slow", DeprecationWarning, stacklevel=2)
        return freeze(module)

    monkeypatch.setattr(torch.jit, "freeze", warning)
    with pytest.warns(DeprecationWarning, match="this will be slow"):
        TracedDetector(streaming_weights(seed=12).detector)
