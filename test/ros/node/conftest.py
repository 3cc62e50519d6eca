"""A perception node whose model knows when a hand is up, in a process of its own."""

import pytest
from helpers.paths import HELPERS

from usdrl_ros.processes.children import Child


@pytest.fixture(scope="module")
def shared_robot(module_peer):
    from helpers.robot import ARGUMENTS, Robot

    with Child("perception", [str(HELPERS / "hand_up_node.py"), *ARGUMENTS]) as child:
        yield Robot(module_peer, child)


@pytest.fixture
def robot(shared_robot):
    """The node with nobody in sight."""
    shared_robot.reset()
    return shared_robot
