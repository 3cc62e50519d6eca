"""A made-up camera: one person in the colours of a picture, an estimator that reads them, messages of pictures."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from helpers.ros_peer import header
from usdrl_model.skeleton.topology import topology
from usdrl_ros.camera.estimator import Pose

WIDTH, HEIGHT, FOCAL = 64, 48, 55.0
PLACES = {
    "nose": (0.0, -0.65, -0.1), "eye": (0.03, -0.68, -0.08), "ear": (0.08, -0.66, 0.0), "mouth": (0.03, -0.6, -0.08),
    "shoulder": (0.18, -0.5, 0.0), "elbow": (0.25, -0.22, 0.0), "wrist": (0.28, 0.02, -0.1),
    "pinky": (0.29, 0.1, -0.1), "index": (0.28, 0.1, -0.13), "thumb": (0.26, 0.07, -0.14),
    "hip": (0.1, 0.0, 0.0), "knee": (0.11, 0.42, -0.02), "ankle": (0.12, 0.84, 0.05), "heel": (0.12, 0.88, 0.08),
    "foot": (0.13, 0.9, -0.1),
}  # fmt: skip
"""Joints of somebody who stands and looks at the camera, of the left side, relative to the hips, optical axes."""


def body(distance, right=0.0):
    """(33, 3) joints in optical axes of somebody upright, hips ``distance`` m ahead and ``right`` m to the right."""
    names = topology("mediapipe_33").joints
    joints = np.array([PLACES[name.partition("_")[0]] for name in names])
    joints[["right" in name for name in names], 0] *= -1.0
    return joints + (right, 0.0, distance)


def pose(joints, believed=1.0, focal=FOCAL, centre=(WIDTH / 2, HEIGHT / 2), confidence=0.9):
    """What an estimator says of joints (33, 3) in optical axes that it takes for ``believed`` times as large."""
    pixels = focal * joints[:, :2] / joints[:, 2:] + centre
    hips = joints[[23, 24]].mean(axis=0)
    return Pose(pixels=pixels, metres=(joints - hips) * believed, confidence=np.full(len(joints), confidence))


class ColourEstimator:
    """Sees somebody ``red / 50`` m ahead, in the colour of the first pixel; nobody in black, an error in white."""

    topology = "mediapipe_33"

    def __init__(self):
        self.closed = False

    def poses(self, picture, stamp):
        red = int(picture[0, 0, 0])
        if red == 255:
            raise RuntimeError("too bright")
        return [pose(body(red / 50.0), focal=FOCAL / WIDTH * picture.shape[1])] if red else []

    def close(self):
        self.closed = True


def image(stamp, red, encoding="rgb8", padding=0):
    """A picture of one colour (red, 0, 0)."""
    order = {"rgb8": (red, 0, 0), "bgr8": (0, 0, red), "rgba8": (red, 0, 0, 9), "bgra8": (0, 0, red, 9)}
    pixel = order.get(encoding, (red,))
    rows = np.zeros((HEIGHT, WIDTH * len(pixel) + padding), np.uint8)
    rows[:, : WIDTH * len(pixel)] = np.tile(pixel, WIDTH)
    return message(stamp, encoding, rows, WIDTH)


def depth_image(stamp, metres, encoding="16UC1"):
    """A depth image with one depth everywhere."""
    kind, factor = {"16UC1": (np.uint16, 1000.0), "32FC1": (np.float32, 1.0)}[encoding]
    return message(stamp, encoding, np.full((HEIGHT, WIDTH), metres * factor).astype(kind), WIDTH)


def message(stamp, encoding, rows, width):
    return Image(
        header=header(stamp, "lens"),
        height=len(rows),
        width=width,
        encoding=encoding,
        step=rows.shape[1] * rows.dtype.itemsize,
        data=rows.tobytes(),
    )


def camera_info(focal=FOCAL, width=WIDTH, height=HEIGHT):
    k = [focal, 0.0, width / 2, 0.0, focal, height / 2, 0.0, 0.0, 1.0]
    return CameraInfo(width=width, height=height, k=k)
