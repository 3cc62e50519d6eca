"""A camera node in the process of the test: what holds while its model loads, and what it keeps after its cleanup."""

import gc

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from helpers.filmed import ColourEstimator, depth_image  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from usdrl_ros.camera.node import CameraNode  # noqa: E402
from usdrl_ros.inputs.depth_image import DepthImage  # noqa: E402

ARGUMENTS = ["--ros-args", "-r", "__ns:=/beside", "-p", "depth_topic:=depth"]


@pytest.fixture
def made():
    """Makes a camera node with its estimator."""
    nodes = []

    def make(factory):
        nodes.append(CameraNode(factory=factory))
        return nodes[0]

    rclpy.init(args=ARGUMENTS)
    yield make
    nodes[0].close()
    rclpy.try_shutdown()


def test_of_parameters_that_are_set_while_the_model_loads_the_dynamic_ones_count(made):
    def load(config):
        assert node.set_parameters([Parameter("max_rate", value=7.0)])[0].successful
        assert "cannot change" in node.set_parameters([Parameter("max_people", value=2)])[0].reason
        return ColourEstimator()

    node = made(load)
    assert node.start()
    assert node._configured.searching.max_rate == 7.0


def test_a_node_whose_model_cannot_be_loaded_takes_other_parameters(made):
    def load(config):
        if config.max_people == 1:
            raise ValueError("no such model")
        return ColourEstimator()

    node = made(load)
    assert node.set_parameters([Parameter("max_people", value=1)])[0].successful and not node.start()
    assert node.set_parameters([Parameter("max_people", value=2)])[0].successful and node.start()


def test_no_depth_image_is_kept_after_the_cleanup(made, peer):
    def kept():
        gc.collect()
        return sum(isinstance(one, DepthImage) for one in gc.get_objects())

    node = made(lambda config: ColourEstimator())
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    assert node.start() and kept() == 0
    depths = peer.node.create_publisher(Image, "/beside/depth", 1)
    stamps = iter(range(100, 1000))

    def came():
        depths.publish(depth_image(float(next(stamps)), 2.0))
        executor.spin_once(timeout_sec=0.05)
        return kept()

    peer.wait(came, "depth image")
    node.trigger_deactivate()
    node.trigger_cleanup()

    def gone():
        executor.spin_once(timeout_sec=0.05)  # it has the subscription until it has looked for work again
        return kept() == 0

    peer.wait(gone, "the end of every depth image")
    executor.shutdown()
