"""Baselines: they learn what is easy, give the same for the same seed, and survive the smallest training sets."""

import dataclasses
import itertools
import math
import pickle
import random

import numpy as np
import pytest
import torch
from torch import Tensor

from usdrl_model.evaluation.baselines import networks, tcn
from usdrl_model.evaluation.baselines.contract import ABSENT, Classifier, Fit
from usdrl_model.evaluation.baselines.nearest import dtw, euclid
from usdrl_model.evaluation.baselines.tcn import fit_tcn
from usdrl_model.evaluation.clips.methods import BASELINES
from usdrl_model.windows.cut import Windows

T, M, V, K = 16, 2, 5, 4
"""Class 1 never has an example."""
PRESENT = (0, 2, 3)
FITS: dict[str, Fit] = {one.title: one.learn for one in BASELINES}
LEARNED = ("1D-CNN", "biGRU")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more steps than these problems need."""
    monkeypatch.setattr(networks, "RECIPE", dataclasses.replace(networks.RECIPE, epochs=1, fewest=40))
    monkeypatch.setattr(tcn, "RECIPE", dataclasses.replace(tcn.RECIPE, epochs=1, fewest=80))


def moves(each: int, seed: int) -> tuple[Tensor, Tensor]:
    """Windows in which joint 4 rises, falls, or goes up and down at its own speed, and nobody else is there."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.tensor(PRESENT).repeat(each)
    time = torch.linspace(0.0, 1.0, T) ** (0.8 + 0.4 * torch.rand(len(y), 1, generator=generator))
    height = torch.where(y[:, None] == 0, time, torch.where(y[:, None] == 2, 1.0 - time, (math.pi * time).sin()))
    windows = torch.zeros(len(y), T, M, V, 3)
    windows[:, :, 0] = torch.randn(V, 3, generator=torch.Generator().manual_seed(0))
    windows[:, :, 0, 4, 1] += height
    windows[:, :, 0] += 0.02 * torch.randn(len(y), T, V, 3, generator=generator)
    return windows, y


def learn(name: str, seed: int = 0) -> Classifier:
    return FITS[name](*moves(8, seed=1), K, seed=seed)


@pytest.mark.parametrize("name", FITS)
def test_actions_are_told_apart_and_a_class_without_examples_is_never_chosen(name: str) -> None:
    windows, y = moves(10, seed=2)
    scores = learn(name)(windows)
    assert scores.shape == (len(y), K)
    assert scores.dtype == torch.float32
    assert scores.isfinite().all()
    assert (scores[:, 1] == ABSENT).all()
    assert (scores.argmax(dim=1) == y).double().mean() >= 0.9


def state_of_process() -> tuple[object, ...]:
    """What a method could change by accident."""
    numbers = torch.get_rng_state().tolist(), pickle.dumps(np.random.get_state()), random.getstate()
    switches = torch.backends.cudnn.deterministic, torch.is_grad_enabled(), torch.get_num_threads()
    return (*numbers, *switches)


@pytest.mark.parametrize("name", FITS)
def test_scores_follow_from_the_seed_and_the_process_keeps_its_random_numbers(name: str) -> None:
    windows, _ = moves(3, seed=2)
    torch.manual_seed(3)
    before = state_of_process()
    first = learn(name)(windows)
    assert state_of_process() == before
    torch.manual_seed(4)
    assert torch.equal(learn(name)(windows), first)
    if name in LEARNED:
        assert not torch.equal(learn(name, seed=1)(windows), first)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("frames", [1, 7])
def test_one_example_a_class_is_enough(name: str, frames: int) -> None:
    windows = moves(1, seed=1)[0][:, -frames:]
    for y, classes in ((torch.tensor([0, 1, 2]), 3), (torch.tensor([0]), 1), (torch.tensor([2]), 4)):
        classify = FITS[name](windows[: len(y)], y, classes, seed=0)
        assert classify(windows).shape == (3, classes)
        assert classify(windows).isfinite().all()
        assert torch.isin(classify(windows).argmax(dim=1), y).all()
        assert classify(windows[:0]).shape == (0, classes)
    assert FITS[name](torch.zeros_like(windows), torch.arange(3), 3, seed=0)(windows).isfinite().all()


@pytest.mark.parametrize("name", FITS)
def test_a_window_scores_the_same_in_any_company(name: str) -> None:
    windows, _ = moves(4, seed=2)
    classify = learn(name)
    torch.testing.assert_close(classify(windows)[5:6], classify(windows[5:6]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FITS)
def test_what_cannot_be_learned_from_is_refused(name: str) -> None:
    windows, y = moves(1, seed=1)
    fit = FITS[name]
    with pytest.raises(ValueError, match="got none"):
        fit(windows[:0], y[:0], K, seed=0)
    with pytest.raises(ValueError, match="classes of 0 to 2, got 0 to 3"):
        fit(windows, y, 3, seed=0)
    with pytest.raises(ValueError, match="with a class each"):
        fit(windows, y[:2], K, seed=0)
    with pytest.raises(ValueError, match="resize"):
        fit(windows[:1], y[:1], K, seed=0)(windows[:, :-1])


def literal_dtw(a: np.ndarray, b: np.ndarray, reach: int) -> float:
    """The definition, cell by cell."""
    best = np.full((len(a) + 1, len(b) + 1), np.inf)
    best[0, 0] = 0.0
    for i, j in itertools.product(range(len(a)), range(len(b))):
        if abs(i - j) <= reach:
            way_in = min(best[i, j], best[i, j + 1], best[i + 1, j])
            best[i + 1, j + 1] = float(np.linalg.norm(a[i] - b[j])) + way_in
    return float(best[-1, -1])


@pytest.mark.parametrize("reach", [0, 2, 12])
def test_dtw_is_what_its_definition_says(reach: int) -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(count, 12, 6, generator=generator).cumsum(dim=1) for count in (4, 5))
    expected = [[literal_dtw(one.numpy(), other.numpy(), reach) for other in b] for one in a]
    torch.testing.assert_close(dtw(a, b, band=reach / 12), torch.tensor(expected), rtol=1e-5, atol=1e-5)


def test_dtw_does_not_see_how_fast_a_movement_is() -> None:
    # The same poses in the same order, held for one, two or three frames each.
    poses = torch.randn(1, 12, 6, generator=torch.Generator().manual_seed(0)).cumsum(dim=1)
    early = poses[:, torch.tensor([0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])]
    late = poses[:, torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 10, 11, 11])]
    assert dtw(early, late, band=0.2).item() == 0.0
    assert euclid(early, late).item() > 1.0
    assert dtw(early, poses[:, torch.arange(15) % 12], band=0.2).item() > 1.0


def acts(count: int, seed: int) -> Windows:
    """Joint 4 stands still, rises (class 2) or falls (class 3), each for eight frames; the first five are not seen."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.tensor((0, 2, 3))[torch.randint(3, (count, 3), generator=generator)].repeat_interleave(8, dim=1)
    speed = 0.1 * (y == 2) - 0.1 * (y == 3)
    x = torch.zeros(count, 24, 1, V, 3)
    x[:, :, 0, 4, 1] = speed.cumsum(dim=1)
    x += 0.01 * torch.randn(x.shape, generator=generator)
    seen = torch.ones_like(y, dtype=torch.bool)
    seen[:, :5] = False
    return Windows(x, y, seen)


def test_frames_are_told_apart_by_those_that_were_seen() -> None:
    windows, test = acts(60, seed=1), acts(20, seed=2)
    logits = fit_tcn(windows, K, seed=0)(test.x)
    assert logits.shape == (20, 24, K)
    assert logits.isfinite().all()
    assert (logits[..., 1] == ABSENT).all()
    assert (logits.argmax(dim=2) == test.y)[test.seen].double().mean() >= 0.8


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what does not depend on how much is learnt."""
    monkeypatch.setattr(tcn, "RECIPE", dataclasses.replace(tcn.RECIPE, fewest=20))


@pytest.mark.usefixtures("few_steps")
def test_frames_follow_neither_from_the_seed_of_the_process_nor_from_labels_of_what_is_not_seen() -> None:
    windows, test = acts(60, seed=1), acts(20, seed=2)
    logits = fit_tcn(windows, K, seed=0)(test.x)
    torch.manual_seed(5)
    before = state_of_process()
    relabelled = Windows(windows.x, windows.y.where(windows.seen, torch.tensor(1)), windows.seen)
    assert torch.equal(fit_tcn(relabelled, K, seed=0)(test.x), logits)
    assert state_of_process() == before


@pytest.mark.usefixtures("few_steps")
def test_frames_of_the_smallest_training_sets() -> None:
    one = acts(1, seed=1)
    assert fit_tcn(one, K, seed=0)(one.x[:0]).shape == (0, 24, K)
    alone = Windows(one.x, torch.zeros_like(one.y), one.seen)
    assert fit_tcn(alone, 1, seed=0)(one.x).isfinite().all()
    barely = torch.zeros_like(one.seen)
    barely[:, -1] = True
    pair = Windows(one.x.repeat(40, 1, 1, 1, 1), one.y.repeat(40, 1), torch.zeros_like(one.seen).repeat(40, 1))
    pair.seen[0] = barely  # most batches have nothing to learn from
    assert fit_tcn(pair, K, seed=0)(one.x).isfinite().all()
    with pytest.raises(ValueError, match="got none"):
        fit_tcn(Windows(one.x, one.y, torch.zeros_like(one.seen)), K, seed=0)
    with pytest.raises(ValueError, match="classes of 0 to 0"):
        fit_tcn(Windows(one.x, one.y + 2, one.seen), 1, seed=0)
