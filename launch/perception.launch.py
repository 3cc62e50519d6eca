"""The perception node, and RViz if wanted.

    ros2 launch usdrl_ros perception.launch.py topic:=/body_tracking_data input_type:=marker_array topology:=k4abt_32

An argument that is left empty is as the params file says.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

CONFIG = Path(get_package_share_directory("usdrl_ros")) / "config"
OVERRIDES = {
    "topic": "input topic, relative to the namespace",
    "input_type": "message type of the input: point_cloud, marker_array or pose_array",
    "topology": "joint set of the tracker, for example kinect_v2_25 or k4abt_32",
    "device": "where the model runs: auto, cpu or cuda",
    "weights": "name of shipped weights, or path of a weights folder",
}
"""Argument, which is also the parameter it sets -> description."""


def overrides(context: LaunchContext) -> dict[str, str]:
    """The parameters that were given as arguments."""
    given = {name: LaunchConfiguration(name).perform(context) for name in OVERRIDES}
    return {name: value for name, value in given.items() if value}


def perception(context: LaunchContext) -> list[Node]:
    """The node, with what was given on top of the params file."""
    given = {name: ParameterValue(value, value_type=str) for name, value in overrides(context).items()}
    return [
        Node(
            package="usdrl_ros",
            executable="usdrl-perception",
            name="usdrl_perception",
            namespace=LaunchConfiguration("namespace"),
            parameters=[LaunchConfiguration("params_file"), given],
            output="screen",
        )
    ]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "params_file",
                default_value=str(CONFIG / "perception.yaml"),
                description="parameters of the node, see docs/parameters.md",
            ),
            DeclareLaunchArgument("namespace", default_value="", description="namespace of the node and its topics"),
            *(
                DeclareLaunchArgument(name, default_value="", description=f"{text}; empty: as in params_file")
                for name, text in OVERRIDES.items()
            ),
            DeclareLaunchArgument("rviz", default_value="false", description="true: show people and actions in RViz"),
            DeclareLaunchArgument(
                "fixed_frame",
                default_value="camera",
                description="frame of RViz: the parameter target_frame, or the frame of the tracker's messages",
            ),
            OpaqueFunction(function=perception),
            Node(
                package="rviz2",
                executable="rviz2",
                namespace=LaunchConfiguration("namespace"),
                arguments=["-d", str(CONFIG / "perception.rviz"), "-f", LaunchConfiguration("fixed_frame")],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )
