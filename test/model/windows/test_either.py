"""A window is the same from numpy, as it is made live, and from torch, as training makes it."""

import numpy as np
import pytest
import torch

from usdrl_model.windows.window import normalise


@pytest.mark.parametrize("flat_source", [False, True])
@pytest.mark.parametrize("frames", [7, 16])
@pytest.mark.parametrize(
    "how",
    [
        {"centre": "frame"},
        {"centre": "window"},
        {"centre": "frame", "masked": True},
        {"centre": "window", "masked": True},
        {"masked": True, "flat": True},
    ],
    ids=str,
)
def test_numpy_and_torch_give_one_window(how: dict, frames: int, flat_source: bool) -> None:
    draw = np.random.default_rng(0)
    people = 1 if how.get("flat") else 2
    x = draw.normal(0.0, 0.5, (6, frames, people, 25, 3)).astype(np.float32) + np.float32([0.3, 0.0, 2.5])
    if flat_source:
        x[..., 2] = 2.0
    if how.get("masked"):
        x[draw.random(x.shape[:4]) < 0.3] = np.nan
        x[1, :, 0, :12] = np.nan
        x[2, 3] = np.nan
    if people == 2:
        x[3:, :, 1] = np.nan if how.get("masked") else 0.0
    expected = normalise(torch.from_numpy(x), **how).numpy()
    np.testing.assert_allclose(normalise(x, **how), expected, rtol=0.0, atol=1e-5)
    assert np.isfinite(expected).any()


@pytest.mark.parametrize("people", [1, 2])
def test_a_window_without_gaps_stays_in_single_precision(people: int) -> None:
    x = np.random.default_rng(0).normal(size=(3, 7, people, 25, 3)).astype(np.float32)
    assert normalise(x).dtype == np.float32
