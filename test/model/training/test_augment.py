"""Properties of the training views."""

import dataclasses
import math

import pytest
import torch

from usdrl_model.skeleton.person import SPINE_MID
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX, MIRRORED, PARENTS
from usdrl_model.training.augment import AugmentConfig, augment
from usdrl_model.training.cameras import CameraConfig
from usdrl_model.training.hidden import HiddenConfig
from usdrl_model.training.trackers import TrackerConfig
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.window import normalise

SHAPE = WindowShape(frames=16)
NOTHING = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)


def windows(count: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(count, 16, 1, 25, 3, generator=generator, dtype=torch.float64).cumsum(dim=1) * 0.1
    return x, torch.arange(16).repeat(count, 1), torch.ones(count, 16, dtype=torch.bool)


def view(config: AugmentConfig, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return augment(*windows(), config, SHAPE, torch.Generator().manual_seed(seed))


def test_the_same_generator_gives_the_same_view() -> None:
    config = AugmentConfig(drop_joint=0.2, mirror=0.5, warp=0.3)
    assert torch.equal(view(config, 3)[0], view(config, 3)[0])
    assert not torch.equal(view(config, 3)[0], view(config, 4)[0])


def test_switched_off_is_the_identity() -> None:
    x, y, seen = windows()
    got = view(NOTHING)
    torch.testing.assert_close(got[0], x)
    assert torch.equal(got[1], y)
    assert torch.equal(got[2], seen)


def test_turning_keeps_lengths_and_yaw_keeps_heights() -> None:
    x, _, _ = windows()
    turned = view(AugmentConfig(yaw=3.0, tilt=0.5, scale=0.0, stretch=0.0, jitter=0.0))[0]
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    yawed = view(AugmentConfig(yaw=3.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0))[0]
    torch.testing.assert_close(yawed[..., 1], x[..., 1])
    assert not torch.allclose(yawed[..., 0], x[..., 0])


def test_every_window_draws_its_own_numbers_within_reach() -> None:
    x, _, _ = windows()
    scaled = view(AugmentConfig(yaw=0.0, tilt=0.0, scale=0.2, stretch=0.0, jitter=0.0))[0]
    factor = (scaled / x).flatten(1)
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    assert factor[:, 0].unique().numel() == len(x)
    assert 0.8 <= factor.min() < 0.85
    assert 1.15 < factor.max() <= 1.2


def test_a_dropped_joint_lies_on_its_nearest_ancestor() -> None:
    x, _, _ = windows()
    dropped = view(AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0, drop_joint=0.4))[0]
    moved = (dropped != x).any(dim=(1, 2, 4))
    assert 0.1 < moved.float().mean() < 0.3  # 0.4 in half of the windows
    assert not moved[:, JOINT_INDEX["spine_shoulder"]].any()
    for window, joint in moved.nonzero().tolist():
        ancestor = PARENTS[joint]
        while moved[window, ancestor]:
            ancestor = PARENTS[ancestor]
        torch.testing.assert_close(dropped[window, :, :, joint], x[window, :, :, ancestor])


def test_mirroring_swaps_sides_and_is_its_own_inverse() -> None:
    x, _, _ = windows()
    mirrored = view(AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0, mirror=1.0))[0]
    left, right = JOINT_INDEX["hand_left"], JOINT_INDEX["hand_right"]
    torch.testing.assert_close(mirrored[:, :, :, left], x[:, :, :, right] * torch.tensor([-1.0, 1.0, 1.0]).double())
    assert [MIRRORED[MIRRORED[joint]] for joint in range(25)] == list(range(25))
    assert CANONICAL_JOINTS[MIRRORED[JOINT_INDEX["head"]]] == "head"


def test_whoever_stands_beside_is_on_the_same_side_in_a_mirror_and_nobody_is_nobody() -> None:
    pair = WindowShape(frames=16, people=2)
    alone, y, seen = windows()
    x = torch.cat([alone, alone.roll(1, 0) + torch.tensor([2.0, 0.0, 0.0])], dim=2)
    x[::4, :, 1] = 0.0
    x = normalise(x)
    config = dataclasses.replace(NOTHING, mirror=1.0, jitter=0.005)
    got, _, _ = augment(x, y, seen, config, pair, torch.Generator().manual_seed(0))
    assert (got[::4, :, 1] == 0.0).all() and not (got[::4, :, 0] == 0.0).all()
    line = (got[:, :, 1, SPINE_MID] - got[:, :, 0, SPINE_MID]).median(dim=1).values
    assert (line[1::4, 0] > 1.0).all() and line[1::4, 2].abs().max() < 0.2
    torch.testing.assert_close(got[1::4], normalise(got[1::4]), atol=0.2, rtol=0.0)


def test_a_mirrored_window_has_the_mirrored_class() -> None:
    x, y, seen = windows()
    config = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0, mirror=0.5)
    generator = torch.Generator().manual_seed(0)
    sides = torch.full_like(y, 1)
    mirrored, classes, _ = augment(x, sides, seen, config, SHAPE, generator, partners=(0, 2, 1))
    flipped = (mirrored != x).flatten(1).any(dim=1)
    assert 0 < int(flipped.sum()) < len(x)
    assert (classes == torch.where(flipped, 2, 1)[:, None]).all()


def test_a_film_that_runs_backwards_shows_what_an_action_is_then() -> None:
    x, y, seen = windows()
    config = dataclasses.replace(NOTHING, backwards=0.5)
    push = torch.where(y < 4, 0, 1)
    turned, classes, there = augment(x, push, seen, config, SHAPE, torch.Generator().manual_seed(0), (), (0, 2, 1, -1))
    rows = (turned != x).flatten(1).any(dim=1)
    assert 0 < int(rows.sum()) < len(x)
    torch.testing.assert_close(turned[rows], x[rows].flip(1))
    assert torch.equal(classes[rows], torch.tensor([2] * 12 + [0] * 4).expand(int(rows.sum()), -1))
    assert torch.equal(classes[~rows], push[~rows])
    assert there.all()


@pytest.mark.parametrize(
    ("y", "why"),
    [
        ([0] * 16, "nothing of it would be another action"),
        ([1] * 8 + [3] * 8, "nobody knows what class 3 is backwards"),
    ],
)
def test_a_window_whose_actions_are_not_known_backwards_runs_forwards(y: list[int], why: str) -> None:
    x, _, seen = windows()
    config = dataclasses.replace(NOTHING, backwards=1.0)
    classes = torch.tensor(y).repeat(len(x), 1)
    turned, after, _ = augment(x, classes, seen, config, SHAPE, torch.Generator().manual_seed(0), (), (0, 2, 1, -1))
    assert torch.equal(turned, x), why
    assert torch.equal(after, classes), why


def test_who_comes_in_does_not_go_out_backwards() -> None:
    x, y, seen = windows()
    x[:, :5], seen[:, :5] = math.nan, False
    config = dataclasses.replace(NOTHING, backwards=1.0)
    ones = torch.ones_like(y)
    _, after, _ = augment(x, ones, seen, config, SHAPE, torch.Generator().manual_seed(0), (), (0, 2, 1))
    assert torch.equal(after, ones)


def test_a_change_of_speed_keeps_the_newest_frame_and_moves_the_labels() -> None:
    x, _, _ = windows()
    warped, y, inside = view(AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0, warp=0.5))
    torch.testing.assert_close(warped[:, -1], x[:, -1])
    assert (y[:, -1] == 15).all()
    assert (y.diff(dim=1) >= 0).all()
    slow = y[:, 0] > 0  # plays slower: its first frame is a later one
    assert slow.any()
    assert inside[slow].all()
    assert not inside[~slow].all()


@pytest.mark.parametrize("angle", [0.1, 1.0])
def test_yaw_is_uniform_in_its_reach(angle: float) -> None:
    x = torch.zeros(4000, 1, 1, 25, 3)
    x[..., 0] = 1.0
    config = AugmentConfig(yaw=angle, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)
    ones = torch.ones(4000, 1, dtype=torch.bool)
    turned = augment(x, ones.long(), ones, config, SHAPE, torch.Generator().manual_seed(0))[0][:, 0, 0, 0]
    drawn = torch.atan2(-turned[:, 2], turned[:, 0])
    assert drawn.abs().max() <= angle + 1e-6
    assert drawn.std() == pytest.approx(angle / math.sqrt(3), rel=0.05)


def test_bones_change_their_length_but_not_their_direction_and_the_root_stays() -> None:
    x, _, _ = windows()
    grown = view(AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0, bones=0.3))[0]
    parents = list(PARENTS)
    old, new = x - x[:, :, :, parents], grown - grown[:, :, :, parents]
    root = next(joint for joint, parent in enumerate(parents) if joint == parent)
    torch.testing.assert_close(grown[:, :, :, root], x[:, :, :, root])
    bones = [joint for joint in range(25) if joint != root]
    factor = new.norm(dim=-1)[..., bones] / old.norm(dim=-1)[..., bones]
    torch.testing.assert_close(new[..., bones, :], old[..., bones, :] * factor[..., None])
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    assert 0.7 <= factor.min() < 0.75
    assert 1.25 < factor.max() <= 1.3


def test_a_crop_shows_a_stretch_of_the_window_at_its_own_pace() -> None:
    frames = torch.arange(64, dtype=torch.float64)
    x = frames[None, :, None, None, None].expand(32, 64, 1, 25, 3).contiguous()
    y, seen = frames.long().repeat(32, 1), torch.ones(32, 64, dtype=torch.bool)
    config = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0, crop=0.5)
    cropped, classes, _ = augment(x, y, seen, config, SHAPE, torch.Generator().manual_seed(0))
    place = cropped[:, :, 0, 0, 0]
    steps = place.diff(dim=1)[:, 1:-1]  # at the ends a place before the first or after the last frame is that frame
    torch.testing.assert_close(steps, steps[:, :1].expand_as(steps))
    assert 0.5 <= steps.min() < 0.6
    assert 0.9 < steps.max() <= 1.0
    assert (classes - place).abs().max() <= 0.5
    with pytest.raises(ValueError, match="crop"):
        AugmentConfig(crop=0.0)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (AugmentConfig, {"jitter": -1.0}),
        (AugmentConfig, {"yaw": -3.0}),
        (AugmentConfig, {"yaw": float("nan")}),
        (AugmentConfig, {"scale": 2.0}),
        (AugmentConfig, {"stretch": 1.0}),
        (AugmentConfig, {"bones": 1.5}),
        (AugmentConfig, {"warp": 1.0}),
        (AugmentConfig, {"mirror": 50.0}),
        (AugmentConfig, {"drop_joint": -0.1}),
        (HiddenConfig, {"part": -1.0}),
        (TrackerConfig, {"slow": -0.5}),
        (CameraConfig, {"hidden": -0.5}),
    ],
)
def test_strengths_that_mean_nothing_are_refused(kind: type, changes: dict[str, float]) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=rf"{name}: expected .*, got "):
        kind(**changes)
