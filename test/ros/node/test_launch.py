"""The launch files, where ROS 2's launch is installed (it is in no wheel)."""

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from helpers.paths import ROOT

pytest.importorskip("launch", reason="needs ROS 2's launch")
pytest.importorskip("launch_ros", reason="needs ROS 2's launch_ros")

from ament_index_python.packages import PackageNotFoundError  # noqa: E402
from launch import LaunchContext  # noqa: E402
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, LogInfo, Shutdown  # noqa: E402
from launch_ros.actions import Node  # noqa: E402

from usdrl_ros.parameters import launch_arguments  # noqa: E402
from usdrl_ros.processes.launching import ended  # noqa: E402


def load(name):
    spec = importlib.util.spec_from_file_location(f"{name}_launch", ROOT / f"launch/{name}.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def defaults(module):
    """What a launch file is run in, with the defaults of its arguments."""
    context = LaunchContext()
    for entity in module.generate_launch_description().entities:
        if isinstance(entity, DeclareLaunchArgument):
            entity.execute(context)
    return context


@pytest.fixture(autouse=True)
def share(monkeypatch):
    monkeypatch.setattr("ament_index_python.packages.get_package_share_directory", lambda name: str(ROOT))


@pytest.fixture
def module(share):
    return load("perception")


@pytest.fixture
def context(module):
    return defaults(module)


@pytest.fixture
def camera(share):
    return load("camera")


def started(actions):
    return [action.node_package for action in actions if isinstance(action, Node)]


def test_every_argument_is_described(module):
    entities = module.generate_launch_description().entities
    arguments = [entity for entity in entities if isinstance(entity, DeclareLaunchArgument)]
    assert {"params_file", "namespace", "rviz", "fixed_frame", "use_sim_time", "axes", "units", "sensor_pose"} <= {
        argument.name for argument in arguments
    }
    assert all(argument.description for argument in arguments)


def test_without_arguments_the_node_has_its_own_defaults(module, context):
    assert started(module.perception(context)) == ["usdrl_ros"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topology": "k4abt32"}, "did you mean 'k4abt_32'"),
        ({"params_file": "nowhere.yaml"}, "there is no file nowhere.yaml"),
        ({"sensor_pose": "high"}, "expected a number"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(module, context, arguments, message):
    context.launch_configurations.update(arguments)
    with pytest.raises((ValueError, FileNotFoundError), match=f"(?i){message}"):
        module.perception(context)


def test_without_rviz_the_node_starts_all_the_same(module, context, monkeypatch):
    def nowhere(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "get_package_prefix", nowhere)
    context.launch_configurations["rviz"] = "true"
    actions = module.perception(context)
    assert started(actions) == ["usdrl_ros"]
    assert any(isinstance(action, LogInfo) for action in actions)


def test_a_launch_file_of_a_robot_includes_it_twice(monkeypatch):
    monkeypatch.setattr("launch_ros.substitutions.find_package.get_package_share_directory", lambda name: str(ROOT))
    monkeypatch.setattr(sys, "argv", ["ros2", "launch", "examples/robot.launch.py"])
    spec = importlib.util.spec_from_file_location("robot_launch", ROOT / "examples/robot.launch.py")
    robot = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(robot)
    context = LaunchContext(argv=["tracker:=front"])  # an argument of the robot's, not ours
    nodes = []

    def run(entities):
        for entity in entities:
            nodes.extend([entity] if isinstance(entity, Node) else [])
            run([] if isinstance(entity, Node) else entity.visit(context) or [])

    run(robot.generate_launch_description().entities)
    assert [node.node_package for node in nodes] == ["usdrl_ros", "usdrl_ros"]


ROBOT = """
import sys

sys.argv = ["ros2", "launch", {asked!r}]
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess, IncludeLaunchDescription, Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource

motors = ExecuteProcess(cmd=["sh", "-c", "echo motors on; sleep 4"], output="screen", on_exit=Shutdown())
perception = IncludeLaunchDescription(PythonLaunchDescriptionSource({file!r}), launch_arguments={arguments!r}.items())
service = LaunchService(noninteractive=True)
service.include_launch_description(LaunchDescription([motors, perception]))
sys.exit(service.run())
"""
"""A launch of four seconds of motors with one of our files, in which the perception node is a process that dies."""


@pytest.fixture
def dying(tmp_path, monkeypatch):
    """An installation of the package with executables that end with status 3 at once; returns the folder of launch."""
    for folder in ("share/ament_index/resource_index/packages", "lib/usdrl_ros", "share/usdrl_ros"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "share/ament_index/resource_index/packages/usdrl_ros").touch()
    for executable in ("usdrl-perception", "usdrl-camera"):
        (tmp_path / "lib/usdrl_ros" / executable).write_text("#!/bin/sh\necho begun\nexit 3\n")
        (tmp_path / "lib/usdrl_ros" / executable).chmod(0o755)
    (tmp_path / "share/usdrl_ros/launch").symlink_to(ROOT / "launch")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path}:{os.environ.get('AMENT_PREFIX_PATH', '')}")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{os.environ.get('PYTHONPATH', '')}")
    return tmp_path / "share/usdrl_ros/launch"


def launch(asked, file, **arguments):
    """Exit status and output of a launch in which ``asked`` was asked for and ``file`` is included."""
    code = ROBOT.format(asked=str(asked), file=str(file), arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["perception", "camera"])
def test_a_launch_of_the_file_itself_ends_with_its_node(dying, name):
    file = dying / f"{name}.launch.py"
    status, output = launch(file, file)
    assert status == 1
    assert "ended with exit code 3: what it printed above says why" in output
    assert "sending signal 'SIGINT' to process" in output, "the rest is stopped"


def test_a_robot_goes_on_when_its_perception_dies(dying):
    status, output = launch("my_robot/bringup.launch.py", dying / "perception.launch.py")
    assert status == 0
    assert "process has died" in output
    assert "process has finished cleanly" in output, "nobody stopped the motors"


def test_a_node_is_started_again_if_asked_for(dying):
    file = dying / "perception.launch.py"
    status, output = launch(file, file, respawn="true")
    assert output.count("begun") >= 2
    assert "process has finished cleanly" in output, output


def test_a_launch_ends_well_with_a_node_that_does_and_not_with_others(context):
    def end(package, status=0):
        return SimpleNamespace(action=Node(package=package, executable="eyes"), returncode=status)

    assert [type(action) for action in ended(end("usdrl_ros"), context)] == [Shutdown]
    assert ended(end("rviz2", 1), context) == []


def test_a_camera_is_started_with_the_perception_node_behind_it(camera, tmp_path):
    (tmp_path / "people.mp4").touch()
    context = defaults(camera)
    video = str(tmp_path / "people.mp4")
    context.launch_configurations.update({"camera": video, "watch": "[wave]", "namespace": "head"})
    actions = camera.camera(context)
    assert started(actions) == ["usdrl_ros"]
    (behind,) = (action for action in actions if isinstance(action, IncludeLaunchDescription))
    passed = {name: value for name, value in behind.launch_arguments}
    assert (passed["topology"], passed["topic"]) == ("mediapipe_33", "skeletons")
    assert passed["fixed_frame"] == "camera_optical_frame"
    for action in behind.execute(context):
        action.visit(context)
    assert context.launch_configurations["watch"] == "[wave]", "arguments of the included file reach it"


def test_no_argument_of_the_camera_is_one_of_the_perception_node(camera):
    assert set(camera.CAMERA) & set(launch_arguments.DESCRIPTIONS) == set()
    assert set(camera.SKELETONS) <= set(launch_arguments.NAMES)


@pytest.mark.parametrize(
    ("argv", "arguments", "message"),
    [
        ([], {"camera": "77"}, "there is no /dev/video77"),
        ([], {"max_people": "many"}, "expected a whole number"),
        ([], {"field_of_view": "500"}, "allowed: 10 to 170"),
        (["topology:=coco_17"], {}, "there is no argument 'topology'"),
        (["camra:=0"], {}, "did you mean 'camera'"),
    ],
)
def test_what_is_wrong_with_a_camera_is_said_before_anything_starts(camera, monkeypatch, argv, arguments, message):
    monkeypatch.setattr(sys, "argv", ["ros2", "launch", "usdrl_ros", "camera.launch.py"])
    context = LaunchContext(argv=argv)
    context.launch_configurations.update(arguments)
    with pytest.raises((ValueError, FileNotFoundError), match=f"(?i){message}"):
        camera.camera(context)
