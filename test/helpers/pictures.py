"""What an RGB-D camera sees of people: joints in the picture, depth images, and the camera itself."""

from array import array

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from usdrl_ros.inputs.skeleton_messages import header

WIDTH, HEIGHT, FOCAL = 640, 480, 500.0
WALL = 4.2
"""Metres to the wall behind."""


def pixels(points):
    """(V, 3) metres in optical axes -> (V, 2) pixels."""
    with np.errstate(all="ignore"):
        return points[:, :2] / points[:, 2:] * FOCAL + (WIDTH / 2, HEIGHT / 2)


def camera_info(focal=FOCAL):
    return CameraInfo(width=WIDTH, height=HEIGHT, k=[focal, 0.0, WIDTH / 2, 0.0, focal, HEIGHT / 2, 0.0, 0.0, 1.0])


def depth_image(points, stamp, *, rows=None, metres=False, big=False, padding=0, scale=1, without=()):
    """Joints as discs before a wall; ``without``: joints that are not there."""
    if rows is None:
        rows = np.full((HEIGHT, WIDTH), WALL)
        for number, ((u, v), (_, _, z)) in enumerate(zip(pixels(points), points, strict=True)):
            if number not in without and np.isfinite((u, v, z)).all() and max(abs(u), abs(v)) < 1e4:
                left, top = max(0, int(u) - 7), max(0, int(v) - 7)
                seen = rows[top : max(0, int(v) + 8), left : max(0, int(u) + 8)]
                down, across = np.mgrid[: seen.shape[0], : seen.shape[1]]
                seen[(across + left - u) ** 2 + (down + top - v) ** 2 < 7**2] = z
    rows = rows[::scale, ::scale]
    kind = np.dtype(np.float32 if metres else np.uint16).newbyteorder(">" if big else "<")
    content = rows if metres else np.nan_to_num(rows * 1000.0).round()
    data = np.zeros((rows.shape[0], rows.shape[1] * kind.itemsize + padding), np.uint8)
    data[:, : rows.shape[1] * kind.itemsize] = content.astype(kind).view(np.uint8).reshape(rows.shape[0], -1)
    return Image(
        header=header(stamp, "depth_optical"), height=rows.shape[0], width=rows.shape[1], step=data.shape[1],
        encoding="32FC1" if metres else "16UC1", is_bigendian=int(big), data=array("B", data.tobytes()),
    )  # fmt: skip


def openpose(stamp, **people):
    """The JSON of OpenPose with the header of the picture; id -> (V, 3) points in optical axes."""
    found = []
    for one, points in people.items():
        rows = np.column_stack([pixels(points), np.full(len(points), 0.9)])
        found.append({"person_id": [int(one)], "pose_keypoints_2d": rows.ravel().tolist()})
    stamped = header(stamp, "c").stamp
    return {"header": {"stamp": {"sec": stamped.sec, "nanosec": stamped.nanosec}, "frame_id": "c"}, "people": found}
