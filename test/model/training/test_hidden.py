"""Missing joints: hidden in training, masked in windows, known to the network, the same live and in training."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import DSTE
from usdrl_model.network.embedding import with_mask
from usdrl_model.skeleton.topology import JOINT_INDEX, names, topology
from usdrl_model.training.augment import AugmentConfig, augment
from usdrl_model.training.draw import Draw
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.hidden import PARTS, HiddenConfig, hide
from usdrl_model.training.trackers import TrackerConfig, project, projections, retrack
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.window import compose, normalise

SHAPE = WindowShape(frames=16, masked=True)
SMALL = {"hidden": 32, "heads": 4, "frames": 16, "people": 1, "velocity": True, "stem_kernel": 5}
LEGS = [JOINT_INDEX[f"{part}_{side}"] for part in ("knee", "ankle", "foot") for side in ("left", "right")]
HIPS = [JOINT_INDEX[name] for name in ("hip_left", "hip_right", "spine_base", "spine_mid")]
STILL = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)


def bodies(count: int = 8, frames: int = 16) -> torch.Tensor:
    """Somebody who stands and sways."""
    generator = torch.Generator().manual_seed(0)
    pose = torch.zeros(25, 3)
    for joint, height in {
        "neck": 1.45,
        "head": 1.6,
        "spine_shoulder": 1.35,
        "spine_mid": 1.1,
        "spine_base": 0.9,
    }.items():
        pose[JOINT_INDEX[joint], 1] = height
    places = {"shoulder": (0.2, 1.32), "elbow": (0.3, 1.1), "wrist": (0.32, 0.9), "hand": (0.32, 0.85)}
    places |= {"hand_tip": (0.33, 0.8), "thumb": (0.3, 0.83), "hip": (0.1, 0.88), "knee": (0.11, 0.5)}
    places |= {"ankle": (0.11, 0.1), "foot": (0.12, 0.05)}
    for side, sign in (("left", -1.0), ("right", 1.0)):
        for part, (x, y) in places.items():
            pose[JOINT_INDEX[f"{part}_{side}"]] = torch.tensor([sign * x, y, 0.0])
    return pose + 0.02 * torch.randn(count, frames, 1, 25, 3, generator=generator).cumsum(dim=1)


@pytest.mark.parametrize("centre", ["frame", "window"])
def test_whole_bodies_are_normalised_as_without_a_mask(centre: str) -> None:
    x = bodies() + torch.tensor([1.0, 0.3, 2.5])
    torch.testing.assert_close(normalise(x, centre, masked=True), normalise(x, centre))  # type: ignore[arg-type]


def test_arms_are_where_they_are_with_the_legs_hidden() -> None:
    x = bodies()
    hidden = x.clone()
    hidden[:, :, :, LEGS] = math.nan
    got, whole = normalise(hidden, masked=True), normalise(x)
    assert got[:, :, :, LEGS].isnan().all()
    seen = [joint for joint in range(25) if joint not in LEGS]
    torch.testing.assert_close(got[:, :, :, seen], whole[:, :, :, seen])


def test_somebody_without_hips_is_centred_as_somebody_in_full_view_within_centimetres() -> None:
    x = bodies()
    hidden = x.clone()
    hidden[:, :, :, [*LEGS, *HIPS]] = math.nan
    got, whole = normalise(hidden, masked=True), normalise(x)
    head = JOINT_INDEX["head"]
    assert (got[:, :, :, head] - whole[:, :, :, head]).abs().mean() < 0.1


def test_two_who_are_never_seen_at_once_are_turned_by_the_shoulders_of_the_person() -> None:
    x = torch.cat([bodies(), bodies() + torch.tensor([0.4, 0.0, 0.9])], dim=2)
    x[:, :8, 0], x[:, 8:, 1] = math.nan, math.nan
    torch.testing.assert_close(
        normalise(x, masked=True)[:, :, 0], normalise(x[:, :, :1], masked=True)[:, :, 0], equal_nan=True
    )


def test_frames_in_which_nobody_is_seen_are_missing_and_disturb_no_others() -> None:
    x = bodies()
    late = x.clone()
    late[:, :6] = math.nan
    got = normalise(late, "window", masked=True)
    assert got[:, :6].isnan().all()
    assert got[:, 6:].isfinite().all()


def test_a_window_of_bodies_keeps_what_is_missing() -> None:
    joints, mask = bodies(1)[0, :, 0].numpy(), np.ones((16, 25), bool)
    mask[:, LEGS] = False
    window = compose([[(joints, mask)]], SHAPE)
    np.testing.assert_array_equal(np.isnan(window[0, :, 0, :, 0]), ~mask)
    filled = compose([[(joints, mask)]], WindowShape(frames=16))
    assert np.isfinite(filled).all()


def test_a_masked_encoder_starts_as_the_one_it_came_from_and_then_sees_the_mask() -> None:
    plain, masked = EncoderConfig(**SMALL), EncoderConfig(**SMALL, masked=True)  # type: ignore[arg-type]
    before, after = DSTE(plain).eval(), DSTE(masked).eval()
    after.load_state_dict(with_mask(before.state_dict(), plain))
    x = normalise(bodies())
    with torch.no_grad():
        torch.testing.assert_close(after.pooled(after(x)), before.pooled(before(x)))
        x[:, :, :, LEGS] = math.nan
        blind = after.pooled(after(x))
        assert blind.isfinite().all()
        for name, weight in after.named_parameters():
            if name.endswith(("t_embedding.conv1.weight", "s_embedding.0.weight")):
                weight += 0.1
        assert (after.pooled(after(x)) - blind).abs().max() > 1e-3


def test_parts_disappear_together() -> None:
    x = bodies(200)
    missing = hide(x, HiddenConfig(part=1.0), Draw(torch.Generator().manual_seed(0), 200)).isnan()[:, :, 0, :, 0]
    assert (
        missing == hide(x, HiddenConfig(part=1.0), Draw(torch.Generator().manual_seed(0), 200)).isnan()[:, :, 0, :, 0]
    ).all()
    known = {frozenset(JOINT_INDEX[joint] for joint in part) for part in PARTS} | {frozenset()}
    for window in missing:
        for frame in window:
            assert frozenset(frame.nonzero().flatten().tolist()) in known


@pytest.mark.parametrize("name", ["joints", "flicker", "late"])
def test_other_ways_to_be_hidden_leave_somebody_to_see(name: str) -> None:
    missing = hide(bodies(100), HiddenConfig(**{name: 1.0}), Draw(torch.Generator().manual_seed(0), 100)).isnan()
    share = missing.float().mean()
    assert 0.1 < share < 0.5
    assert not missing.all(dim=4).all(dim=3).all(dim=1).any()


def test_what_is_hidden_in_training_is_missing_in_the_window() -> None:
    config = AugmentConfig(yaw=0.5, tilt=0.2, bones=0.2, jitter=0.01, hidden=HiddenConfig(part=1.0))
    ones = torch.ones(8, 16, dtype=torch.bool)
    x, _, _ = augment(normalise(bodies()), ones.long(), ones, config, SHAPE, torch.Generator().manual_seed(1))
    missing = x.isnan()
    assert 0.05 < missing.float().mean() < 0.7
    assert x[~missing].abs().max() < 3.0


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("people", [1, 2])
def test_frames_in_which_the_person_has_not_come_yet_are_not_seen(flat: bool, people: int) -> None:
    config = dataclasses.replace(STILL, hidden=HiddenConfig(late=1.0))
    both = torch.cat([bodies(64), bodies(64) + 0.5], dim=2)[:, :, :people]
    both[:8, :, 1:] = math.nan  # who was alone
    ones = torch.ones(64, 16, dtype=torch.bool)
    shape = dataclasses.replace(SHAPE, people=people, flat=flat)
    x, _, seen = augment(normalise(both, masked=True), ones.long(), ones, config, shape, torch.Generator())
    there = ~x[:, :, 0].isnan().flatten(2).all(dim=2)
    assert torch.equal(seen, there)
    assert 0.5 < seen.float().mean() < 0.95 and seen[:, -1].all()
    assert ones.all(), "what is given stays as it is"


def test_hidden_joints_need_an_encoder_that_knows_them() -> None:
    from usdrl_model.network.detector_config import DetectorConfig

    with pytest.raises(ValueError, match="set encoder.masked: true"):
        FinetuneConfig(detector=DetectorConfig(labels=("none",)), augment=AugmentConfig(hidden=HiddenConfig(part=0.5)))


def test_every_joint_set_keeps_what_it_measures_and_is_a_projection() -> None:
    x = bodies(1)[:, :1]
    for row, name in zip(projections(torch.device("cpu")), names(), strict=True):
        there = project(x, row[None])
        direct = torch.from_numpy(topology(name).direct.copy())
        torch.testing.assert_close(there[..., direct, :], x[..., direct, :], atol=2e-3, rtol=0)
        torch.testing.assert_close(project(there, row[None]), there, atol=2e-3, rtol=0)
        assert (there - x).norm(dim=-1).max() < 0.6, name


def test_a_slow_tracker_keeps_the_newest_frame_and_lies_between_its_samples() -> None:
    ramp = torch.arange(16.0)[None, :, None, None, None].expand(64, 16, 1, 25, 3)
    seen = retrack(ramp, TrackerConfig(slow=1.0), Draw(torch.Generator().manual_seed(0), 64))
    torch.testing.assert_close(seen[:, 3:], ramp[:, 3:])
    curved = retrack(ramp.square(), TrackerConfig(slow=1.0), Draw(torch.Generator().manual_seed(0), 64))
    assert (curved[:, -1] == 225.0).all()
    assert (curved != ramp.square()).any()


def test_limbs_change_sides_for_a_while() -> None:
    x = bodies(64)
    swapped = retrack(x, TrackerConfig(swap=1.0), Draw(torch.Generator().manual_seed(0), 64))
    changed = (swapped != x).any(dim=4)[:, :, 0]
    assert changed.any()
    assert not changed[:, :, [JOINT_INDEX["head"], JOINT_INDEX["shoulder_left"]]].any()
    assert changed.any(dim=2).float().mean() < 0.3
