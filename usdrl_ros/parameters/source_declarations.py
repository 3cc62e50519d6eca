"""The parameters that say where people come from, and how their joints are to be understood."""

from __future__ import annotations

from usdrl_model.skeleton import topology
from usdrl_model.skeleton.person import AXES, UNITS
from usdrl_ros.inputs.coordinate_frames import NO_POSE
from usdrl_ros.inputs.registry import built_in
from usdrl_ros.parameters.declaration import Declaration

SOURCE: tuple[Declaration, ...] = (
    Declaration(name="topic", default="skeletons", topic=True, text="Input topic, relative to the node's namespace."),
    Declaration(
        name="input_type",
        default="point_cloud",
        choices=built_in(),
        adapters=True,
        text="Input adapter: point_cloud, marker_array, pose_array and those of trackers, or one of another package"
        " (adapters.md).",
    ),
    Declaration(
        name="input_file",
        default="",
        text="Path of a file that the input adapter reads, where it needs one (adapters.md).",
    ),
    Declaration(
        name="depth_topic",
        default="",
        topic=True,
        text="Topic of depth images (16UC1 in mm, 32FC1 in m), registered to the picture that the joints are in, for"
        " inputs whose joints have no depth (adapters.md).",
    ),
    Declaration(
        name="camera_info_topic",
        default="",
        topic=True,
        text="Topic of the sensor_msgs/CameraInfo of that picture: with depth_topic, or alone for its size.",
    ),
    Declaration(
        name="picture_size",
        default=[0.0, 0.0],
        numbers=2,
        text="Width and height (pixels) of the picture that joints without depth are in, for weights that need no depth"
        " (hri_2d). All zeros: from camera_info_topic.",
    ),
    Declaration(
        name="frame_id", default="", text="Frame of the input where its messages name none, for tf2 and the outputs."
    ),
    Declaration(
        name="topology",
        default="kinect_v2_25",
        choices=topology.names(),
        files=True,
        text="Joint set of the tracker: a name in usdrl_model/skeleton/topologies.yaml, or the path of a YAML file of"
        " your own (topics.md), relative to the working directory of the process.",
    ),
    Declaration(name="person_id", default="0", text="Id of the person in messages without ids (one person a message)."),
    Declaration(
        name="axes",
        default="optical",
        choices=tuple(AXES),
        text="Axes of the input coordinates: optical (x right, y down, z forward), body (x forward, y left, z up) or"
        " kinect (x left, y up, z forward). Ignored when tf2 gives the pose.",
    ),
    Declaration(
        name="units",
        default="m",
        choices=tuple(UNITS),
        text="Unit of the input coordinates: m, cm or mm. Everything else (sensor_pose, tf2, outputs) is in metres.",
    ),
    Declaration(
        name="mirrored",
        default=False,
        text="True: the tracker labels the right side of a person as left, as in a mirror. Left and right joints are"
        " exchanged; coordinates stay.",
    ),
    Declaration(
        name="target_frame",
        default="",
        text="Gravity-aligned frame with z up (base_footprint, odom, map) in which people are published. Empty: the"
        " frame of the input. The transform is sensor_pose if that is set, else tf2 at the stamp of every message.",
    ),
    Declaration(
        name="sensor_pose",
        default=list(NO_POSE),
        numbers=len(NO_POSE),
        text="x, y, z (m), roll, pitch, yaw (rad) of the sensor in target_frame; a camera with pitch 0.3 looks 0.3 rad"
        " down. All zeros: not set. Without target_frame it only levels the skeletons. frames.md has a drawing.",
    ),
    Declaration(
        name="imu_topic",
        default="",
        topic=True,
        text="Topic of an IMU on the sensor (sensor_msgs/Imu), which gives roll and pitch at the stamp of every message"
        " instead of sensor_pose and tf2 (frames.md). Empty: none.",
    ),
    Declaration(
        name="imu_rotation",
        default=[0.0] * 3,
        numbers=3,
        text="roll, pitch, yaw (rad) of the axes of the IMU in the body axes of the sensor (x along the view, z up);"
        " [-1.571, 0.0, -1.571] for an IMU with optical axes.",
    ),
    Declaration(
        name="transform_timeout",
        default=0.05,
        limits=(0.0, 1.0),
        text="Seconds after the arrival of a message for which its transform in tf2 may still come. Longer waits delay"
        " everybody's actions.",
    ),
)
"""The first of ``declarations.PARAMETERS``, which is what everything else uses."""
