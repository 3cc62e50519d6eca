"""Keeps the ROS tests of one run to themselves: on this machine, in a ROS domain that no other process uses."""

import gc
import os
from pathlib import Path

import pytest
from helpers.order import LONG
from hypothesis import settings

from usdrl_ros.processes.children import use_private_domain

HERE = Path(__file__).parent

# torch computes on one thread, here and in processes that tests start: small networks are faster so, several processes
# test at the same time, and results are the same everywhere.
os.environ.setdefault("OMP_NUM_THREADS", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # processes that test at the same time have domains of their own
    os.environ.pop("ROS_DOMAIN_ID", None)
use_private_domain()
# The same examples in every run and no time limit, so that a change that breaks nothing cannot fail by chance. To look
# for new ones: pytest --hypothesis-profile=default
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
# Processes that tests start find the same packages as the tests, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first; within a file, nothing changes."""
    place = {HERE / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path, len(LONG)))


def pytest_collection_finish() -> None:
    """What is imported now lives to the end: garbage collections need not look through half a million objects again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def peer():
    """A ROS node in this process that publishes, listens and calls services; see ``ros_peer``."""
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    from helpers.ros_peer import Peer

    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def module_peer():
    """Like ``peer``, shared by the tests of a module."""
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    from helpers.ros_peer import Peer

    with Peer() as peer:
        yield peer
