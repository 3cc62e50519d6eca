"""The launch file, where ROS 2's launch is installed (it is in no wheel)."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("launch", reason="needs ROS 2's launch")
pytest.importorskip("launch_ros", reason="needs ROS 2's launch_ros")

from launch import LaunchContext  # noqa: E402
from launch.actions import DeclareLaunchArgument  # noqa: E402

ROOT = Path(__file__).parent.parent


@pytest.fixture
def module(monkeypatch):
    monkeypatch.setattr("ament_index_python.packages.get_package_share_directory", lambda name: str(ROOT))
    spec = importlib.util.spec_from_file_location("perception_launch", ROOT / "launch/perception.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_argument_is_described(module):
    description = module.generate_launch_description()
    arguments = {entity.name: entity for entity in description.entities if isinstance(entity, DeclareLaunchArgument)}
    assert arguments.keys() == {
        "params_file", "namespace", "topic", "input_type", "topology", "device", "weights", "rviz", "fixed_frame",
    }  # fmt: skip
    assert all(argument.description for argument in arguments.values())
    context = LaunchContext()
    arguments["params_file"].execute(context)
    assert Path(context.launch_configurations["params_file"]).is_file()


def test_only_arguments_that_are_given_override_the_params_file(module):
    context = LaunchContext()
    for entity in module.generate_launch_description().entities:
        if isinstance(entity, DeclareLaunchArgument):
            entity.execute(context)
    assert module.overrides(context) == {}
    context.launch_configurations["topology"] = "k4abt_32"
    assert module.overrides(context) == {"topology": "k4abt_32"}
    (node,) = module.perception(context)
    assert (node.node_package, node.node_executable) == ("usdrl_ros", "usdrl-perception")


def test_arguments_are_parameters(module):
    from usdrl_ros.parameters import NAMES

    assert module.OVERRIDES.keys() <= NAMES
