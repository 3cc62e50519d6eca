"""Where a body is, and which way it faces, while joints that say so are hidden."""

import numpy as np
from helpers.people import standing

from usdrl_model.skeleton.person import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_MID
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS
from usdrl_model.windows.window import SPINE_BELOW_SHOULDERS, fill, normalise

HIP_LEFT, HIP_RIGHT = JOINT_INDEX["hip_left"], JOINT_INDEX["hip_right"]


def bodies(people: int = 1) -> np.ndarray:
    """(1, 4, M, 25, 3) of people who look aside, with depth; each a metre beside the one before."""
    turned = standing()[:, [2, 1, 0]] * [1.0, 1.0, -1.0]
    return np.stack([turned + [0.0, 0.0, float(place)] for place in range(people)])[None, None].repeat(4, 1)


def test_without_hips_the_spine_is_below_the_shoulders() -> None:
    x = bodies()
    shoulders = x[0, 0, 0, [SHOULDER_LEFT, SHOULDER_RIGHT, JOINT_INDEX["spine_shoulder"]], 1].mean()
    x[:, :, :, [SPINE_MID, JOINT_INDEX["spine_base"], HIP_LEFT, HIP_RIGHT]] = np.nan
    head = normalise(x, masked=True)[0, :, 0, JOINT_INDEX["head"], 1]
    np.testing.assert_allclose(head, x[0, 0, 0, JOINT_INDEX["head"], 1] - shoulders + SPINE_BELOW_SHOULDERS)


def test_without_shoulders_the_hips_say_which_way_somebody_faces() -> None:
    x = bodies()
    x[:, :, :, SHOULDER_LEFT] = np.nan
    line = normalise(x, masked=True)[0, :, 0, HIP_RIGHT] - normalise(x, masked=True)[0, :, 0, HIP_LEFT]
    np.testing.assert_allclose(line, np.broadcast_to([0.4, 0.0, 0.0], (4, 3)), atol=1e-9)


def test_two_who_are_never_seen_together_face_as_the_first_one_does() -> None:
    x = bodies(2)
    x[:, :2, 1], x[:, 2:, 0] = np.nan, np.nan
    turned = normalise(x, masked=True)[0, :2, 0]
    line = turned[:, SHOULDER_RIGHT] - turned[:, SHOULDER_LEFT]
    np.testing.assert_allclose(line, np.broadcast_to([0.4, 0.0, 0.0], (2, 3)), atol=1e-9)


def test_a_root_that_is_never_seen_is_in_the_middle_of_what_is() -> None:
    root = next(joint for joint, parent in enumerate(PARENTS) if joint == parent)
    joints, mask = bodies()[0, :, 0], np.ones((4, 25), bool)
    mask[:, root] = False
    filled = fill(np.where(mask[:, :, None], joints, 99.0), mask)
    np.testing.assert_allclose(filled[:, root], np.delete(joints, root, axis=1).mean(axis=1))
