"""The parameters of the perception node, each declared once: here, and those of its source in ``source_declarations``.

``values`` has the type of each, as a field of ``PerceptionConfig``. Everything else uses ``PARAMETERS``: declaration
and checks on the node (``values``), docs/parameters.md and config/perception.yaml (``docs``), and the arguments of the
launch file (``launch_arguments``).
"""

from __future__ import annotations

from usdrl_model.events.config import IDS, StreamConfig
from usdrl_model.states.config import StatesConfig
from usdrl_ros.inputs.common import MAX_PEOPLE
from usdrl_ros.parameters.declaration import AUTOSTART, RECOMMENDED, Declaration
from usdrl_ros.parameters.source_declarations import SOURCE

PARAMETERS: tuple[Declaration, ...] = (
    *SOURCE,
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
        text="Gesture that the next `~/enrol/start` begins, one at a time a node: letters, digits and underscores.",
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
