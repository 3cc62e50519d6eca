"""People before random cameras: what changes, what stays, and that a detector can be trained on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.people import pose

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_model.training.augment import AugmentConfig, augment
from usdrl_model.training.cameras import CameraConfig, photograph
from usdrl_model.training.draw import Draw
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.mixture import Mixture
from usdrl_model.training.finetuning.train import fit
from usdrl_model.windows.cut import Windows
from usdrl_model.windows.window import normalise

STILL = CameraConfig(yaw=0.0, pitch=0.0, roll=0.0, near=50.0, far=50.0, off_axis=0.0, offset=0.0, noise=0.0, hidden=0.0)
ENCODER = EncoderConfig(hidden=8, people=1, frames=16, masked=True, flat=True, streams=("temporal",))


def people(count=6):
    """(N, 16, 1, 25, 3) centred, with some depth."""
    poses = np.stack([pose(k / 10, k > 7) - (0.0, 0.15, 2.0) for k in range(16)])
    poses[:, :, 2] = 0.2 * np.sin(np.arange(25))
    return torch.from_numpy(poses).float()[None, :, None].repeat(count, 1, 1, 1, 1)


def pictures(x, config, seed=0):
    flat = x[..., 2].abs().amax(dim=(1, 2, 3)) == 0.0
    return photograph(x, flat, config, Draw(torch.Generator().manual_seed(seed), len(x)))


def test_a_camera_far_away_sees_no_depth():
    x = people()
    torch.testing.assert_close(pictures(x, STILL)[..., :2], x[..., :2], atol=0.03, rtol=0.0)


@pytest.mark.parametrize("way", ["yaw", "pitch", "roll", "off_axis"])
def test_every_camera_is_another_one(way):
    seen = pictures(people(), replace(STILL, near=3.0, far=3.0, **{way: 0.8}))
    assert seen[..., 2].abs().max() == 0.0
    assert (seen[0] - seen[1]).abs().max() > 0.02
    spine = seen[:, :, 0, JOINT_INDEX["head"], :2] - seen[:, :, 0, JOINT_INDEX["spine_base"], :2]
    assert 0.4 < float(spine.norm(dim=2).median()) < 1.4, "people keep their size"


def test_who_comes_from_a_picture_keeps_their_side():
    x = people()
    x[..., 2] = 0.0
    turned = CameraConfig(roll=0.0, offset=0.0, noise=0.0)
    torch.testing.assert_close(pictures(x, turned)[..., :2], x[..., :2], atol=0.02, rtol=0.0)


def test_nobody_walks_through_a_camera():
    x = people(8)
    x[..., 2] -= torch.linspace(0.0, 6.0, 16)[None, :, None, None]
    seen = pictures(x, replace(STILL, near=2.0, far=2.5))
    heights = (seen[..., JOINT_INDEX["head"], 1] - seen[..., JOINT_INDEX["spine_base"], 1])[:, :, 0]
    assert (heights.diff(dim=1) > 0.0).all(), "who comes nearer grows"
    assert (heights[:, -1] > 3.0 * heights[:, 0]).all()


def test_an_arm_behind_the_trunk_is_not_found():
    x = people()
    wrist = JOINT_INDEX["wrist_left"]
    x[:, :, :, wrist] = torch.tensor([0.0, 0.0, 0.3])
    seen = pictures(x, replace(STILL, hidden=1.0))
    assert seen[:, :, :, wrist].isnan().all() and not seen[:, :, :, JOINT_INDEX["wrist_right"]].isnan().any()


def test_augmented_windows_are_what_the_network_sees_live():
    x = normalise(people(), masked=True)
    y = torch.zeros(len(x), 16, dtype=torch.long)
    views, _, _ = augment(x, y, y == 0, AugmentConfig(yaw=0, tilt=0), ENCODER.window, torch.Generator().manual_seed(0))
    torch.testing.assert_close(normalise(views, masked=True, flat=True), views)


def test_a_detector_is_trained_on_pictures():
    x = people(8)
    x[4:, :, :, JOINT_INDEX["hand_right"], 1] = -0.4
    y = torch.zeros(8, 16, dtype=torch.long)
    y[:4, 8:] = 1
    run = FinetuneConfig(
        detector=DetectorConfig(labels=("none", "up"), encoder=ENCODER, rate=10.0),
        augment=AugmentConfig(yaw=0.0, tilt=0.0), steps=2, batch_size=4,
    )  # fmt: skip
    mixture = Mixture(Windows(x, y, torch.ones_like(y, dtype=torch.bool)), torch.full((8,), 0.125, dtype=torch.float64))
    detector = fit(run, mixture, device=torch.device("cpu"))
    assert detector(normalise(x, masked=True, flat=True)).frames.isfinite().all()
    with pytest.raises(ValueError, match="cameras turn the people"):
        FinetuneConfig(detector=run.detector)
    with pytest.raises(ValueError, match="near"):
        CameraConfig(near=0.1)
