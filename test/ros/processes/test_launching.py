"""What the launch files ask before they start anything; ROS 2's launch is not needed for it."""

import sys
from types import SimpleNamespace

import pytest
from helpers.paths import ROOT

from usdrl_ros.processes.launching import full_name, launched

FILE = ROOT / "launch" / "perception.launch.py"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["usdrl_ros", "perception.launch.py", "watch:=[wave]"], True),
        ([str(FILE)], True),
        (["my_robot", "perception.launch.py", "robot_name:=tiago"], False),
        (["my_robot/launch/perception.launch.py"], False),
        (["my_robot", "bringup.launch.py"], False),
    ],
)
def test_a_file_of_the_same_name_has_arguments_of_its_own(monkeypatch, words, asked):
    monkeypatch.setattr(sys, "argv", ["ros2", "launch", *words])
    assert launched(FILE) == asked


@pytest.mark.parametrize(
    ("outer", "namespace", "name"),
    [
        ("", "", "/node"),
        ("", "front", "/front/node"),
        ("/robot", "", "/robot/node"),
        ("/robot", "front/", "/robot/front/node"),
        ("/robot", "/front", "/front/node"),
    ],
)
def test_the_full_name_of_a_node(outer, namespace, name):
    context = SimpleNamespace(launch_configurations={"ros_namespace": outer} if outer else {})
    assert full_name(context, namespace, "node") == name
