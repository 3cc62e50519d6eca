"""Who stands still before a tracker that tells whole pixels, with depth: joints repeat, one by one, and are there."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.messages import loaded  # noqa: E402
from helpers.people import standing
from helpers.pictures import HEIGHT, WIDTH, camera_info, depth_image, pixels  # noqa: E402
from helpers.rule_detector import hand_up_weights
from std_msgs.msg import String  # noqa: E402

from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import AXES
from usdrl_model.skeleton.topology import topology
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.inputs.further_topics import FurtherTopics  # noqa: E402
from usdrl_ros.inputs.lifting import decoder  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import header  # noqa: E402

COCO = topology("openpose_coco_18")
PLACES = np.rint(pixels(COCO.fit @ standing() @ AXES["optical"])).astype(int)
"""(18, 2) whole pixels of somebody who stands two metres away."""
UNSEEN = COCO.joints.index("ear_left")
HANGS = 3.0
"""Seconds after which the tracker repeats its last people."""


def level():
    return Frames("optical")


def nodding():
    """An IMU with some noise levels it, so that joints are elsewhere in every frame."""
    noise = np.random.default_rng(0)
    return Frames("optical", imu=SimpleNamespace(roll_and_pitch=lambda stamp: noise.normal(0.0, 1e-4, 2)))


def openpose(stamp, places):
    rows = [[int(u), int(v), 0.0 if joint == UNSEEN else 0.9] for joint, (u, v) in enumerate(places)]
    at = header(stamp, "c").stamp
    stamped = {"stamp": {"sec": at.sec, "nanosec": at.nanosec}, "frame_id": "c"}
    people = [{"person_id": [7], "pose_keypoints_2d": np.ravel(rows).tolist()}]
    return String(data=json.dumps({"header": stamped, "people": people}))


@pytest.mark.parametrize("depth_noise", [0.0, 0.01])
@pytest.mark.parametrize("rate", [5.0, 15.0])
@pytest.mark.parametrize("frames", [level, nodding])
def test_who_stands_still_keeps_their_joints_until_the_tracker_hangs(frames, rate, depth_noise):
    topics = FurtherTopics()
    context = Context(topology=COCO, topic="/people", subscribe=topics.subscribe)
    read, placed = decoder("openpose_json", loaded("openpose_json"), context, "/depth", "/info"), frames()
    depth, info = (route.decode for route in topics.routes)
    info(camera_info(), context)
    stream, rng, seen = ActionStream(hand_up_weights(), topology=COCO.name), np.random.default_rng(0), {}
    for step in range(int(5.0 * rate)):
        stamp = 100.0 + step / rate
        if step < HANGS * rate:  # every tenth joint is told one pixel beside
            places = PLACES + (rng.random((18, 1)) < 0.1) * rng.integers(-1, 2, (18, 2))
        rows = 2.0 + rng.normal(0.0, 1.0, (HEIGHT, WIDTH)) * depth_noise  # whatever the tracker does, images go on
        assert depth(depth_image(None, stamp, rows=rows), context) is None
        stream.push(placed.to_canonical(read(openpose(stamp, places), context)))
        seen[step / rate] = [one.valid_joints for one in stream.state().people]
    (everything,) = seen[0.0]
    assert everything > 0.6
    assert {tuple(joints) for at, joints in seen.items() if at < HANGS} == {(everything,)}
    assert {tuple(joints) for at, joints in seen.items() if at > HANGS + 1.0} <= {(0.0,), ()}
