"""A node that plays bags, one for the tests of a file."""

from collections.abc import Iterator

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")


@pytest.fixture(scope="module")
def node() -> Iterator:
    rclpy.init()
    player = rclpy.create_node("player_of_bad_bags", start_parameter_services=False)
    yield player
    player.destroy_node()
    rclpy.try_shutdown()
