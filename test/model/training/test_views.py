"""Views: equal in distribution to the official augmentations, written here once more, slowly, one sample at a time."""

import dataclasses
import functools
import random

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from usdrl_model.skeleton.person import SPINE_MID
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.cameras import CameraConfig
from usdrl_model.training.draw import Draw
from usdrl_model.training.pretraining.views import Clips, ViewConfig, corrupt_or_shear, crop_resize, views
from usdrl_model.windows.shape import WindowShape

SHAPE = WindowShape(frames=64)
STILL = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)
WHOLE = ViewConfig(crop=1.0, time_warp=0.0, normalise=False, augment=STILL)
OFFICIAL = dataclasses.replace(WHOLE, crop=0.1, corrupted_joints=15, shear=1.0)


def draw(rows: int, count: int = 4, seed: int = 0, **ranks: int) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), rows, views=count, **ranks)


def clip(length: int, people: int = 1, seed: int = 0) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(size=(length, people, 25, 3))
    return (1.0 + 0.1 * steps.cumsum(axis=0)).astype(np.float32)


def ramps(lengths: list[int]) -> Clips:
    """Every coordinate of frame t is t + 1."""
    return Clips.pack([np.broadcast_to(np.arange(1.0, n + 1)[:, None, None, None], (n, 1, 25, 3)) for n in lengths])


def resized(stretch: np.ndarray) -> torch.Tensor:
    """(L, M, V, 3) -> (64, M, V, 3) with torch's own interpolation, as the official code calls it."""
    flat = torch.from_numpy(np.array(stretch)).flatten(1).T[None, :, :, None]  # (1, M * V * 3, L, 1)
    out = F.interpolate(flat, size=(64, 1), mode="bilinear", align_corners=False)
    return out[0, :, :, 0].T.reshape(64, *stretch.shape[1:])


def official_view(x: np.ndarray, rng: random.Random) -> np.ndarray:
    """One view of one clip (L, M, V, 3), as the authors' feeder makes it."""
    length = len(x)
    size = min(max(int(length * rng.uniform(0.1, 1.0)), 64), length)
    start = rng.randint(0, length - size)
    view = resized(x[start : start + size]).numpy()
    if rng.random() < 0.5:
        chosen = rng.sample(range(25), 15)
        if rng.random() < 0.5:
            view[:, :, chosen] = 0.0
        else:
            mixing = np.array([[rng.uniform(-1, 1) for _ in range(3)] for _ in range(3)], np.float32)
            view[:, :, chosen] = view[:, :, chosen] @ mixing
    else:
        shear = np.array([[1.0 if i == j else rng.uniform(-1, 1) for j in range(3)] for i in range(3)], np.float32)
        view = np.einsum("ij,tmvj->tmvi", shear, view)
    return view


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Kolmogorov-Smirnov: the largest difference of the two distribution functions."""
    a, b = np.sort(a), np.sort(b)
    at = np.concatenate([a, b])
    steps = [np.searchsorted(sample, at, side="right") / len(sample) for sample in (a, b)]
    return float(np.abs(steps[0] - steps[1]).max())


def statistics(views: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers of every view (N, T, M, V, 3) that between them see the crop, the joints and the matrices."""
    rows = {
        "zero joints": (np.abs(views).max(axis=(1, 2, 4)) == 0.0).sum(axis=1),
        "first frame": views[:, 0].mean(axis=(1, 2))[:, 0],
        "last frame": views[:, -1].mean(axis=(1, 2))[:, 1],
        "duration": np.abs(views[:, -1] - views[:, 0]).max(axis=(1, 2, 3)),
        "height": views.mean(axis=(1, 2, 3))[:, 1],
        "size": np.sqrt((views**2).mean(axis=(1, 2, 3, 4))),
        "fingertip": views[:, :, :, 21].mean(axis=(1, 2, 3)),
        "spread of joints": views.std(axis=3).mean(axis=(1, 2, 3)),
    }
    return rows


COUNT = 500
"""Official views of a clip, which are made one by one."""


@functools.cache
def official_statistics(length: int, people: int) -> dict[str, np.ndarray]:
    x, rng = clip(length, people, seed=length), random.Random(1)
    return statistics(np.stack([official_view(x, rng) for _ in range(COUNT)]))


def test_equal_in_distribution_to_the_official_views() -> None:
    for length, people in ((40, 1), (90, 2), (200, 1)):
        x = clip(length, people, seed=length)
        batched = views(Clips.pack([x]), SHAPE, dataclasses.replace(OFFICIAL, count=4 * COUNT), draw(1, 4 * COUNT))
        reference = official_statistics(length, people)
        # Equal samples of these sizes differ by 0.12 once in 10,000 comparisons.
        for name, values in statistics(batched[:, 0].numpy()).items():
            assert distance(values, reference[name]) < 0.12, (length, name)


def test_the_comparison_of_distributions_can_fail() -> None:
    x, reference = clip(200, seed=200), official_statistics(200, 1)
    for change in ({"crop": 0.5}, {"corrupted_joints": 10}, {"corruptible_joints": 17}, {"shear": 0.5}, {"shear": 0.0}):
        other = dataclasses.replace(OFFICIAL, count=2000, **change)
        got = statistics(views(Clips.pack([x]), SHAPE, other, draw(1, 2000))[:, 0].numpy())
        assert max(distance(got[name], reference[name]) for name in reference) > 0.12, change


def test_whole_clips_are_resized_as_torch_interpolates() -> None:
    clips = [clip(length, seed=length) for length in (1, 5, 63, 64, 65, 300)]
    got = views(Clips.pack(clips), SHAPE, WHOLE, draw(6))
    for row, x in enumerate(clips):
        for view in got[:, row]:
            torch.testing.assert_close(view, resized(x), rtol=1e-5, atol=1e-5)


def test_a_crop_is_a_stretch_of_the_clip_with_official_lengths_and_places() -> None:
    config = dataclasses.replace(OFFICIAL, count=3000)
    got = crop_resize(ramps([200]), 64, config, draw(1, 3000))[:, :, 0, 0, 0].numpy().astype(np.float64)
    size = np.round((got[:, 40] - got[:, 20]) * 64 / 20).astype(int)
    start = np.round(got[:, 20] - 1 - (20.5 * size / 64 - 0.5)).astype(int)
    whole = np.broadcast_to(np.arange(1.0, 201.0)[:, None, None, None], (200, 1, 1, 1))
    for row in range(0, 3000, 100):
        expected = resized(whole[start[row] : start[row] + size[row]])[:, 0, 0, 0].numpy()
        np.testing.assert_allclose(got[row], expected, atol=2e-4)
    assert size.min() == 64
    assert size.max() >= 198
    assert start.min() == 0
    assert (start + size <= 200).all()
    assert (start + size == 200).any()
    # int(200 s) with s uniform in [0.1, 1], raised to 64: a share of (0.325 - 0.1) / 0.9 has the shortest length.
    assert (size == 64).mean() == pytest.approx(0.244, abs=0.03)
    assert distance(start[size == 64], np.random.default_rng(0).integers(0, 137, 5000)) < 0.1


def test_fifteen_joints_of_the_corruptible_ones_or_a_shear_of_all() -> None:
    x = torch.zeros(8000, 3, 1, 25, 3)
    x[:] = torch.eye(3)[:, None, None]  # frame i shows the i-th base vector, so that a view spells out its matrix
    for corruptible in (25, 17):
        config = dataclasses.replace(OFFICIAL, corruptible_joints=corruptible)
        got = corrupt_or_shear(x, config, draw(8000, 1))[:, :, 0]  # (N, 3, V, 3)
        changed = (got != x[:, :, 0]).any(dim=(1, 3))
        sheared = changed.sum(dim=1) == 25
        assert sheared.float().mean() == pytest.approx(0.5, abs=0.03)
        assert (changed.sum(dim=1)[~sheared] == 15).all()
        often = changed[~sheared].float().mean(dim=0)
        torch.testing.assert_close(often[:corruptible], torch.full((corruptible,), 15 / corruptible), atol=0.05, rtol=0)
        assert (often[corruptible:] == 0).all()
        zeroed = (got == 0).all(dim=(1, 3)).any(dim=1)
        assert zeroed.float().mean() == pytest.approx(0.25, abs=0.03)

        uniform = np.random.default_rng(0).uniform(-1, 1, 20000)
        mixed = changed.float().argmax(dim=1)[~sheared & ~zeroed]
        mixing = got[~sheared & ~zeroed][torch.arange(len(mixed)), :, mixed]  # (., 3, 3)
        shear = got[sheared][:, :, 0].transpose(1, 2)
        assert (shear.diagonal(dim1=1, dim2=2) == 1).all()
        for i in range(3):
            for j in range(3):
                assert distance(mixing[:, i, j].numpy(), uniform) < 0.05
                if i != j:
                    assert distance(shear[:, i, j].numpy(), uniform) < 0.05


def test_views_and_clips_draw_independently() -> None:
    got = crop_resize(ramps([200] * 400), 64, OFFICIAL, draw(400)).unflatten(0, (4, 400))
    first = got[:, :, 0, 0, 0, 0]
    assert first.flatten().unique().numel() > 500
    correlation = torch.corrcoef(first) - torch.eye(4)
    assert correlation.abs().max() < 0.2


def test_somebody_who_is_not_there_stays_away_and_centred_clips_stay() -> None:
    pair = clip(80, people=2)
    alone = pair.copy()
    alone[:, 1] = 0.0
    centred = pair - pair[:, :1, SPINE_MID : SPINE_MID + 1]
    config = ViewConfig(augment=AugmentConfig(jitter=0.1))
    got = views(Clips.pack([pair, alone, centred]), SHAPE, config, draw(3))
    there = (got != 0).any(dim=(2, 4, 5))
    assert there[:, 0].all()
    assert there[:, 2].all()
    assert there[:, 1].tolist() == [[True, False]] * 4


def test_ragged_and_padded_clips_give_the_same_views_on_every_number_of_processes() -> None:
    clips = [clip(length, seed=length) for length in (70, 30, 120, 100)]
    config = ViewConfig(corrupted_joints=15, shear=0.3, mirror=0.5, augment=AugmentConfig(drop_joint=0.2))
    ragged = Clips.pack(clips)
    starts = 120 * torch.arange(4)
    rows = torch.cat([torch.from_numpy(np.pad(x, ((0, 120 - len(x)), (0, 0), (0, 0), (0, 0)))) for x in clips])
    whole = views(Clips(rows, starts, ragged.lengths), SHAPE, config, draw(4))
    assert torch.equal(views(ragged, SHAPE, config, draw(4)), whole)
    for rank in (0, 1):
        mine = slice(2 * rank, 2 * rank + 2)
        part = Clips(rows, starts[mine], ragged.lengths[mine])
        part = views(part, SHAPE, config, draw(2, rank=rank, ranks=2))
        torch.testing.assert_close(part, whole[:, mine])


def test_the_same_generator_gives_the_same_views() -> None:
    pool = Clips.pack([clip(70), clip(90)])
    assert torch.equal(
        views(pool, SHAPE, ViewConfig(), draw(2, seed=5)), views(pool, SHAPE, ViewConfig(), draw(2, seed=5))
    )
    assert not torch.equal(views(pool, SHAPE, ViewConfig(), draw(2, seed=5)), views(pool, SHAPE, ViewConfig(), draw(2)))


def test_warped_time_runs_forward_between_the_same_ends_at_different_speeds() -> None:
    config = dataclasses.replace(WHOLE, time_warp=0.9, count=500)
    place = crop_resize(ramps([640]), 64, config, draw(1, 500))[:, :, 0, 0, 0]
    speed = place.diff(dim=1)
    assert (speed > 0).all()
    assert (place[:, 0] < 25).all()
    assert (place[:, -1] > 616).all()
    assert speed.amax(dim=1).max() == pytest.approx(19, rel=0.05)  # 1.9 times the plain speed of ten frames
    assert (speed.amax(dim=1) / speed.amin(dim=1)).min() < 1.1


def test_disturbances_can_be_switched_off_one_by_one() -> None:
    pool = Clips.pack([clip(64), clip(64, seed=2)])
    plain = views(pool, SHAPE, WHOLE, draw(2))
    torch.testing.assert_close(plain, pool.frames.view(1, 2, 64, 1, 25, 3).expand_as(plain))
    changes = [{"crop": 0.5, "shortest_crop": 8}, {"time_warp": 0.3}, {"corrupted_joints": 3}, {"shear": 0.5}]
    changes += [{"normalise": True}, {"augment": AugmentConfig()}]
    for change in changes:
        assert not torch.equal(views(pool, SHAPE, dataclasses.replace(WHOLE, **change), draw(2)), plain), change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 1}, "2 views or more"),
        ({"crop": 0.0}, "share in"),
        ({"time_warp": 1.0}, r"\[0, 1\)"),
        ({"corrupted_joints": 20, "corruptible_joints": 17}, "17"),
        ({"augment": AugmentConfig(warp=0.1)}, "time_warp"),
    ],
)
def test_impossible_views_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ViewConfig(**change)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mirror": 50.0}, "mirror: expected at most 1, got 50"),
        ({"shortest_crop": 0, "crop": 0.05}, "shortest_crop: expected 1 or more, got 0"),
        ({"shear": -1.0}, "shear: expected 0 or more, got -1"),
        ({"augment": AugmentConfig(backwards=0.5)}, "augment.backwards and augment.camera are for labelled windows"),
        ({"augment": AugmentConfig(camera=CameraConfig(roll=0.0))}, "augment.camera are for labelled windows"),
    ],
)
def test_views_that_mean_nothing_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ViewConfig(**changes)
