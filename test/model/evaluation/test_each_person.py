"""Frozen encoders of one person on benchmarks of two, and baselines beside encoders that know a mask."""

import dataclasses
from pathlib import Path

import torch
from helpers.small_benchmark import ENCODER, named, networks, weights

from usdrl_model.evaluation.clips.fitting import features_of
from usdrl_model.evaluation.probe import untrained
from usdrl_model.training.linear_layer import features
from usdrl_model.windows.window import normalise


def windows(people: int) -> torch.Tensor:
    return normalise(torch.randn(3, 16, people, 25, 3, generator=torch.Generator().manual_seed(0)))


def test_everybody_is_seen_alone_and_side_by_side() -> None:
    encoder, pairs = untrained(ENCODER), windows(2)
    found = features_of(encoder, pairs)
    alone = features(encoder, normalise(pairs[:, :, 1:]))
    torch.testing.assert_close(found[:, alone.shape[1] :], alone)
    assert not torch.allclose(found[:, : alone.shape[1]], alone)
    single = windows(1)
    torch.testing.assert_close(features_of(encoder, single), features(encoder, single))


def test_frozen_features_are_asked_of_all_people_and_cells_tell_it(tmp_path: Path) -> None:
    pair, single = (networks(weights(tmp_path / str(people)), people=people) for people in (2, 1))
    (linear,) = named("linear")
    assert linear.window(pair).people == 2 and linear.window(single).people == 1
    assert linear.depends(pair) != linear.depends(single)


def test_baselines_beside_masked_weights_see_no_holes(tmp_path: Path) -> None:
    masked = networks(weights(tmp_path, dataclasses.replace(ENCODER, masked=True)))
    cnn, linear = named("1D-CNN", "linear")
    assert linear.window(masked).masked and not cnn.window(masked).masked
