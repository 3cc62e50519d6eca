"""Named fields of point clouds."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from sensor_msgs.msg import PointField  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from usdrl_ros.messages.point_cloud import SKELETON_FIELDS, create_cloud, dtype_from_fields, points_as  # noqa: E402


def test_what_is_written_is_read():
    points = np.zeros(7, dtype_from_fields(SKELETON_FIELDS))
    points["x"], points["joint"], points["track_id"] = np.linspace(0, 1, 7), range(7), 2**32 - 1
    cloud = create_cloud(Header(frame_id="camera"), SKELETON_FIELDS, points)
    assert (cloud.width, cloud.height, cloud.point_step, cloud.row_step) == (7, 1, 24, 168)
    assert (points_as(cloud, points.dtype) == points).all()


def test_rows_become_points():
    layout = [PointField(name=name, offset=8 * i, datatype=PointField.FLOAT64, count=1) for i, name in enumerate("xyz")]
    cloud = create_cloud(Header(), layout, [(1, 2, 3), (4, 5, 6)])
    np.testing.assert_array_equal(points_as(cloud, dtype_from_fields(layout))["y"], [2.0, 5.0])


def test_fields_of_several_values():
    layout = [PointField(name="v", offset=0, datatype=PointField.INT16, count=3)]
    assert dtype_from_fields(layout).names == ("v_0", "v_1", "v_2")
