"""A camera, the people in its pictures, what they do, and RViz if wanted.

    ros2 launch usdrl_ros camera.launch.py camera:=0 watch:=[wave]
    ros2 launch usdrl_ros camera.launch.py image_topic:=/camera/color/image_raw depth_topic:=/camera/depth/image

It includes perception.launch.py, and takes its arguments too, except for those that describe the skeletons. Everything
is looked at before a process is started. The launch ends when one of the nodes does; where another file includes this
one, that goes on without them. With respawn:=true nodes are started again instead.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from usdrl_ros.camera.device import FRAME, find_device
from usdrl_ros.camera.mediapipe_pose import MediaPipePose
from usdrl_ros.camera.parameters import NAMES, NODE_NAME, PARAMETERS
from usdrl_ros.parameters import launch_arguments
from usdrl_ros.parameters.names import check_file
from usdrl_ros.processes.launching import ending, full_name, launched, own_node
from usdrl_ros.wire import NODE

SHARE = Path(get_package_share_directory("usdrl_ros"))
PERCEPTION = SHARE / "launch/perception.launch.py"
DECLARED = {parameter.name: parameter for parameter in PARAMETERS}
CAMERA = {
    "camera": "device",  # "device" is that of the model
    **{name: name for name in DECLARED if name not in ("device", "autostart")},
}
"""Argument -> parameter of the camera node."""
SKELETONS = {
    "topic": "skeletons",
    "input_type": "point_cloud",
    "topology": MediaPipePose.topology,
    "axes": "optical",
    "units": "m",
    "mirrored": "false",
}
"""Arguments of perception.launch.py that are not to be given: how the camera node publishes people."""


def given(context: LaunchContext, name: str) -> str:
    """Text of an argument; empty if nobody gave one."""
    return LaunchConfiguration(name, default="").perform(context)


def camera(context: LaunchContext) -> list:
    """Everything that is started, once all of it was looked at; ValueError and FileNotFoundError come before."""
    source = PythonLaunchDescriptionSource(str(PERCEPTION))
    if launched(__file__):  # else they are arguments of who includes this
        others = {argument.name for argument in source.get_launch_description(context).get_launch_arguments()}
        launch_arguments.check_names(context.argv, [*CAMERA, *sorted(others - set(SKELETONS))])
    texts = {parameter: given(context, argument) for argument, parameter in CAMERA.items()}
    texts |= {name: given(context, name) for name in ("autostart", launch_arguments.SIM_TIME)}
    values = launch_arguments.parameters(texts, DECLARED)
    parameters = [values] if values else []
    if file := given(context, "params_file"):
        name, beside = (full_name(context, given(context, "namespace"), one) for one in (NODE_NAME, NODE))
        if check_file(Path(file), name, NAMES, [beside]):
            parameters.insert(0, file)
    if device := values.get("device"):
        find_device(device)
    frame = given(context, "fixed_frame") or given(context, "target_frame") or values.get("frame_id") or FRAME
    passed = {**SKELETONS, "fixed_frame": frame}
    respawn = IfCondition(given(context, "respawn") or "false").evaluate(context)
    return [
        *ending(__file__, respawn),
        own_node("usdrl-camera", NODE_NAME, given(context, "namespace"), parameters, respawn),
        IncludeLaunchDescription(source, launch_arguments=passed.items()),
    ]


def generate_launch_description() -> LaunchDescription:
    """Arguments, and what follows from them."""
    declared = [
        DeclareLaunchArgument(
            argument,
            default_value="",
            description=f"{DECLARED[parameter].text} Empty: as in params_file, else {SHARE / 'docs/camera.md'}",
        )
        for argument, parameter in CAMERA.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=camera)])
