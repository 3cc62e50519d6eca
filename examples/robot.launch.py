"""The perception as a part of a robot's own launch file: a namespace, a tracker, parameters of one's own.

ros2 launch robot.launch.py
"""

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """Two heads, each with a tracker: two nodes side by side, in namespaces of their own."""
    perception = PathJoinSubstitution([FindPackageShare("usdrl_ros"), "launch", "perception.launch.py"])
    trackers = {"front": "/front/body_tracking_data", "back": "/back/body_tracking_data"}
    return LaunchDescription(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(perception),
                launch_arguments={
                    "namespace": namespace,
                    "topic": topic,
                    "input_type": "marker_array",
                    "topology": "k4abt_32",
                    "respawn": "true",
                }.items(),
            )
            for namespace, topic in trackers.items()
        ]
    )
