"""Windows without depth: the same for people of any size, wherever they stand, as a camera there would see them."""

import numpy as np
import pytest
import torch
from helpers.people import pose

from usdrl_model.network.config import EncoderConfig
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import SHOULDER_LEFT, SHOULDER_RIGHT, Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX
from usdrl_model.windows.picture import DISTANCE, pictured, planar, size
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import tracklets
from usdrl_model.windows.whole_clip import filled
from usdrl_model.windows.window import compose, normalise

SHAPE = WindowShape(frames=16, masked=True, flat=True)


def body(scale=1.0, place=(0.0, 0.0, 2.0)):
    """(16, 25, 3) somebody who raises a hand."""
    poses = np.stack([pose(k / 10, k > 7) - (0.0, 0.0, 2.0) for k in range(16)])
    poses[:, :, 2] += 0.1 * np.arange(25) / 25  # with some depth
    return (scale * poses + place).astype(np.float32)


def window(joints, mask=None):
    return compose([[(joints, np.ones(joints.shape[:2], bool) if mask is None else mask)]], SHAPE)[0]


def in_picture(joints, height=1.0):
    """What a pinhole camera at the origin sees, upright on a plane before the sensor."""
    flat = joints / joints[:, :, 2:] * height
    flat[:, :, 2] = DISTANCE
    return flat


def test_joints_in_space_are_seen_as_in_a_picture():
    seen, flat = window(body()), window(in_picture(body()))
    assert not seen[..., 2].any() and not flat[..., 2].any()
    np.testing.assert_allclose(seen, flat, atol=0.03)  # the camera that is made up looks straight at the person


def test_neither_the_size_of_the_person_nor_that_of_the_picture_matters():
    np.testing.assert_allclose(window(in_picture(body(), 0.4)), window(in_picture(body(), 3.0)), atol=1e-4)
    child = window(body(0.6, (0.0, 0.0, 1.2 + 1.0)))
    np.testing.assert_allclose(child, window(body(1.0, (0.0, 0.0, 2.0 + 1.0))), atol=0.06)
    far = torch.from_numpy(body(place=(0.0, 0.0, 8.0)))[None, :, None]
    assert 0.8 < float(size(pictured(far))[0]) < 1.2


def test_somebody_at_the_side_is_seen_as_in_the_middle():
    turn = np.array([[np.cos(0.8), 0.0, -np.sin(0.8)], [0.0, 1.0, 0.0], [np.sin(0.8), 0.0, np.cos(0.8)]])
    np.testing.assert_allclose(window((body() @ turn).astype(np.float32)), window(body()), atol=1e-4)


def test_every_frame_is_a_picture_of_its_own():
    walk = torch.from_numpy(body())[None, :, None] + torch.linspace(0.0, 2.0, 16)[None, :, None, None, None]
    alone = pictured(walk.transpose(0, 1)).transpose(0, 1)
    torch.testing.assert_close(pictured(walk), alone)


def test_what_is_in_a_picture_stays_as_it_is():
    flat = torch.from_numpy(in_picture(body()))[None, :, None]
    assert planar(flat).all() and not planar(torch.from_numpy(body())[None, :, None]).any()
    once = normalise(flat, masked=True, flat=True)
    torch.testing.assert_close(normalise(once, masked=True, flat=True), once)


def test_who_is_seen_from_behind_in_a_picture_is_not_turned_into_a_mirror_image():
    behind = torch.from_numpy(in_picture(body() * (-1.0, 1.0, 1.0)).astype(np.float32))[None, :, None]
    for known in ({}, {"flat": True}):
        line = np.diff(normalise(behind, masked=True, **known)[0, :, 0, [SHOULDER_LEFT, SHOULDER_RIGHT], 0])
        assert (line < 0.0).all()


def test_joints_that_are_not_seen_stay_missing():
    mask = np.ones((16, 25), bool)
    mask[4, 3] = mask[:, 13:16] = False
    seen, whole = window(body(), mask), window(body())
    assert np.isnan(seen[:, 0][~mask]).all() and np.isfinite(seen[:, 0][mask]).all()
    np.testing.assert_allclose(seen[:, 0][mask], whole[:, 0][mask], atol=0.05)
    assert np.isnan(window(body(), np.zeros((16, 25), bool))).all()


def test_in_whole_pixels_a_joint_may_stand_still_in_training_as_live() -> None:
    stamps = 1.0 + np.arange(60) / 30.0
    poses = np.repeat(pose(0.0, up=False)[None], len(stamps), axis=0)
    poses[:, JOINT_INDEX["hand_right"], 0] += 0.1 * np.sin(4.0 * stamps)  # everything else repeats
    for flat in (True, False):
        frames = tuple(
            SkeletonFrame(float(stamp), (Person("1", joints),), flat=flat)
            for stamp, joints in zip(stamps, poses, strict=True)
        )
        recording = Recording("a", CANONICAL, frames)
        clip = filled(Clip.of(recording), slice(None), [0], masked=True)
        assert np.isfinite(clip).all() == flat
        (tracklet,) = tracklets(recording, ("none",), 30.0, 1.0)
        assert tracklet.mask.all() == flat


def test_a_network_without_depth_is_of_one_person_with_a_mask():
    with pytest.raises(ValueError, match="flat: expected windows of one person"):
        EncoderConfig(hidden=8, people=2, masked=True, flat=True)
    assert EncoderConfig(hidden=8, people=1, masked=True, flat=True).window.flat
    with pytest.raises(ValueError, match="people: 1 and centre: frame"):
        EncoderConfig(hidden=8, people=1, masked=True, flat=True, centre="window")
