"""The perception node, and RViz if wanted.

    ros2 launch usdrl_ros perception.launch.py topic:=/body_tracking_data input_type:=marker_array topology:=k4abt_32

An argument that is left empty is as the params file says, or as the node has it by itself. Everything is looked at
before a process is started. The launch ends when the node does; where another file includes this one, that goes on
without it. With respawn:=true the node is started again instead.
"""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from usdrl_ros.camera.parameters import NODE_NAME as CAMERA_NODE
from usdrl_ros.parameters import launch_arguments
from usdrl_ros.parameters.declarations import NAMES
from usdrl_ros.parameters.names import check_file
from usdrl_ros.processes.launching import ending, full_name, launched, own_node
from usdrl_ros.wire import NODE

SHARE = Path(get_package_share_directory("usdrl_ros"))
ARGUMENTS = {
    "params_file": ("", f"parameters of the node; {SHARE / 'config/perception.yaml'} is one to copy"),
    "namespace": ("", "namespace of the node and its topics"),
    "respawn": ("false", "true: start the node again whenever it has ended, instead of ending the launch with it"),
    "rviz": ("false", "true: show people and actions in RViz, where it is installed"),
    "fixed_frame": ("", "frame of RViz; empty: target_frame, or camera"),
    **{
        name: ("", f"{text} Empty: as in params_file, else {SHARE / 'docs/parameters.md'}")
        for name, text in launch_arguments.DESCRIPTIONS.items()
    },
}
"""Argument -> (default, description)."""


def given(context: LaunchContext, name: str) -> str:
    """Text of an argument."""
    return LaunchConfiguration(name).perform(context)


def perception(context: LaunchContext) -> list:
    """Everything that is started, once all of it was looked at; ValueError and FileNotFoundError come before."""
    if launched(__file__):  # else they are arguments of who includes this
        launch_arguments.check_names(context.argv, ARGUMENTS)
    values = launch_arguments.parameters({name: given(context, name) for name in launch_arguments.DESCRIPTIONS})
    parameters = [values] if values else []
    if file := given(context, "params_file"):
        name, beside = (full_name(context, given(context, "namespace"), one) for one in (NODE, CAMERA_NODE))
        if check_file(Path(file), name, NAMES, [beside]):
            parameters.insert(0, file)
    viewer = rviz(context) if IfCondition(LaunchConfiguration("rviz")).evaluate(context) else []
    respawn = IfCondition(LaunchConfiguration("respawn")).evaluate(context)
    node = own_node("usdrl-perception", NODE, given(context, "namespace"), parameters, respawn)
    return [*ending(__file__, respawn), node, *viewer]


def rviz(context: LaunchContext) -> list:
    """RViz, or a word where there is none."""
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError:
        return [LogInfo(msg="WARNING: rviz2 is not installed (apt install ros-$ROS_DISTRO-rviz2): going on without it")]
    frame = given(context, "fixed_frame") or given(context, "target_frame") or "camera"
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            namespace=given(context, "namespace"),
            arguments=["-d", str(SHARE / "config/perception.rviz"), "-f", frame],
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Arguments, and what follows from them."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=perception)])
