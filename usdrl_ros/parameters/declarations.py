"""The parameters of the perception node, each declared once.

Everything else uses ``PARAMETERS``: declaration and checks on the node (``values``), docs/parameters.md and
config/perception.yaml (``docs``), and the arguments of the launch file (``launch_arguments``).
"""

from __future__ import annotations

from usdrl_model.events.config import IDS, StreamConfig
from usdrl_model.skeleton import topology
from usdrl_model.skeleton.person import AXES, UNITS
from usdrl_model.states.config import StatesConfig
from usdrl_ros.inputs.common import MAX_PEOPLE
from usdrl_ros.inputs.coordinate_frames import NO_POSE
from usdrl_ros.inputs.registry import built_in
from usdrl_ros.parameters.declaration import AUTOSTART, RECOMMENDED, Declaration

PARAMETERS: tuple[Declaration, ...] = (
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
    Declaration(
        name="weights",
        default="default",
        text="Name of shipped weights, path of a weights folder, or of an ONNX file made by `usdrl export`.",
    ),
    Declaration(
        name="pair_weights",
        default="",
        text="Weights of a detector of two people, which is asked besides about those who have somebody near:"
        " `pairs`, or a path (interactions.md). Their thresholds stay their own. Empty: none.",
    ),
    Declaration(
        name="robot_skeleton",
        default="",
        text="Path of a table of the robot's own links in tf, or of a topic with its joints (interactions.md): what"
        " people do with the robot is an interaction, too. Empty: the robot has no body.",
    ),
    Declaration(
        name="device",
        default="auto",
        choices=("auto", "cpu", "cuda"),
        text="Device of the model; auto: cuda if available.",
    ),
    Declaration(
        name="precision",
        default="auto",
        choices=("auto", "fp32", "tf32", "bf16"),
        text="Precision of the model; auto: fp32 (exact), or that of an ONNX file. The others are for weights of DSTE,"
        " such as hri. bf16: less exact, faster, on a GPU from 64 people. tf32 (GPU only) rounds factors to 10 bits.",
    ),
    Declaration(
        name="cuda_graphs",
        default=True,
        text="With device cuda: run detectors as CUDA graphs, captured at configuration for up to max_people, several"
        " times faster. False: launch every operation by itself, if a driver or its memory cannot.",
    ),
    Declaration(name="num_threads", default=1, limits=(1, 64), text="CPU threads of the model."),
    AUTOSTART,
    Declaration(
        name="heartbeat_rate",
        default=4.0,
        limits=(0.1, 50.0),
        text="Rate at which actions/state and watch/* are repeated (Hz).",
    ),
    Declaration(
        name="source_timeout",
        default=2.0,
        limits=(0.2, 60.0),
        text="Seconds without a usable message after which all people, and their active actions, are lost.",
    ),
    Declaration(
        name="gestures",
        default="",
        text="Folder of enrolled gestures (gestures.md), relative to the working directory of the process; made with"
        " the first one. Empty: no gestures.",
    ),
    Declaration(
        name="gesture_weights",
        default="",
        text="Weights of windows that tell gestures. Empty: `weights`, or `hri` beside streaming ones with depth.",
    ),
    Declaration(
        name="enrol.label",
        default="",
        dynamic=True,
        text="Gesture that `~/enrol/stop` adds an example to: letters, digits and underscores.",
    ),
    Declaration(name="enrol.person", default="", dynamic=True, text="Id of who shows the gesture. Empty: the nearest."),
    Declaration(
        name="watch",
        default=[""],
        dynamic=True,
        text="Labels and states (states.md) that get topics of their own: watch/<label>, and below it active, person"
        " and pose. Empty strings are ignored.",
    ),
    Declaration(
        name="hri_rules",
        default="",
        text="Path of a table of gestures and intents (topics.md), relative to the working directory of the process:"
        " they are published as hri_msgs/Gesture and hri_actions_msgs/Intent. Empty: none.",
    ),
    Declaration(
        name="max_rate",
        default=RECOMMENDED,
        limits=(0.5, 60.0),
        dynamic=True,
        recommended=True,
        text="Maximum inferences per second of source time (Hz).",
    ),
    Declaration(
        name="max_people",
        default=StreamConfig().max_people,
        limits=(1, MAX_PEOPLE),
        dynamic=True,
        text="Maximum number of people followed at once, the nearest to the sensor first. /diagnostics warns about"
        " others.",
    ),
    Declaration(
        name="ids",
        default="source",
        choices=IDS,
        text="Ids of people: source: those of the tracker, checked against places; own: by place alone, for trackers"
        " that have no ids or swap them all the time (topics.md; needs SciPy).",
    ),
    Declaration(
        name="look_ahead",
        default=RECOMMENDED,
        limits=(0.0, 0.9),
        dynamic=True,
        recommended=True,
        text="Seconds by which decisions trail the newest frame: longer is more reliable and later.",
    ),
    Declaration(
        name="on_threshold",
        default=RECOMMENDED,
        limits=(0.01, 1.0),
        dynamic=True,
        recommended=True,
        text="Score that a run above off_threshold has to reach to become a candidate; one value for every label.",
    ),
    Declaration(
        name="off_threshold",
        default=RECOMMENDED,
        limits=(0.0, 1.0),
        dynamic=True,
        recommended=True,
        text="Score to which the onset of an action is dated back, and below which it ends; at most on_threshold."
        " Whether it is an action at all is decided at on_threshold.",
    ),
    Declaration(
        name="min_duration",
        default=RECOMMENDED,
        limits=(0.0, 10.0),
        dynamic=True,
        recommended=True,
        text="Minimum seconds above off_threshold before an onset is published, for every label.",
    ),
    Declaration(
        name="hold",
        default=RECOMMENDED,
        limits=(0.0, 10.0),
        dynamic=True,
        recommended=True,
        text="Seconds the score may stay below off_threshold before the action ends.",
    ),
    Declaration(
        name="refractory",
        default=RECOMMENDED,
        limits=(0.0, 60.0),
        dynamic=True,
        recommended=True,
        text="Seconds after an offset in which the same label cannot start again.",
    ),
    Declaration(
        name="floor",
        default="feet",
        choices=("feet", "zero"),
        text="Height of the floor that a pointing ray hits: that of the person's feet, or zero: height 0 of"
        " target_frame or, without it, of sensor_pose.",
    ),
    Declaration(
        name="near",
        default=StatesConfig().near[0],
        limits=(0.2, 10.0),
        text="Distance from the sensor over the floor below which a person is near (m).",
    ),
    Declaration(
        name="facing_angle",
        default=StatesConfig().facing[0],
        limits=(5.0, 90.0),
        text="Angle between the front of the shoulders and the direction to the sensor below which a person is"
        " facing_me (degrees).",
    ),
    Declaration(
        name="state_delay",
        default=1.0,
        limits=(0.0, 5.0),
        text="Factor of the times that a state must last before it is told (0.2 to 0.5 s): longer is calmer and later.",
    ),
)

NAMES = frozenset(parameter.name for parameter in PARAMETERS)
