"""One table of parameters, and everything that follows from it."""

import dataclasses
from types import SimpleNamespace

import pytest
import yaml
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.rule_detector import hand_up_weights  # noqa: E402
from rclpy.exceptions import InvalidParameterValueException  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import EventConfig  # noqa: E402
from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_model.states.config import StatesConfig  # noqa: E402
from usdrl_ros.node.model import Model  # noqa: E402
from usdrl_ros.node.pipeline import Pipeline  # noqa: E402
from usdrl_ros.parameters import values as parameters  # noqa: E402
from usdrl_ros.parameters.declaration import RECOMMENDED  # noqa: E402
from usdrl_ros.parameters.declarations import PARAMETERS  # noqa: E402
from usdrl_ros.parameters.docs import markdown, params_file  # noqa: E402
from usdrl_ros.parameters.values import PerceptionConfig  # noqa: E402


@pytest.fixture
def node(peer):
    parameters.declare(peer.node)
    return peer.node


def config(**changes):
    defaults = {parameter.field: parameter.default for parameter in PARAMETERS}
    return PerceptionConfig(**(defaults | changes))


@pytest.mark.parametrize(("path", "text"), [("docs/parameters.md", markdown), ("config/perception.yaml", params_file)])
def test_the_generated_files_are_up_to_date(path, text):
    written = (ROOT / path).read_text(encoding="utf-8")
    assert written == text(), f"{path} is out of date: run make pages"


def test_the_params_file_holds_every_default_and_sets_one():
    ((_, values),) = yaml.safe_load(params_file()).items()
    assert values["ros__parameters"] == {"topic": "skeletons"}
    ((_, values),) = yaml.safe_load(params_file().replace("    #", "    ").replace("     ", "    # ")).items()
    assert values["ros__parameters"] == {parameter.name: parameter.default for parameter in PARAMETERS}


def test_the_config_has_a_field_for_every_parameter():
    assert {field.name for field in dataclasses.fields(PerceptionConfig)} == {one.field for one in PARAMETERS}


def test_defaults_are_allowed(node):
    read = parameters.read(node)
    assert read.watch == ()
    assert read.sensor_pose == (0.0,) * 6
    assert read.topic == "skeletons"


def test_a_topology_may_be_a_file(node):
    assert parameters.read(node, {"topology": "/somewhere/mine.yaml"}).topology == "/somewhere/mine.yaml"
    with pytest.raises(ValueError, match="or the path of a .yaml file"):
        parameters.read(node, {"topology": "mine"})


def test_what_is_not_set_is_what_the_weights_recommend():
    recommended = StreamConfig(
        max_rate=7.0, events=EventConfig(hold=0.9, label_on_threshold={"wave": 0.8}, label_min_duration={"wave": 1.0})
    )
    assert config().stream_config(recommended) == recommended
    changed = config(on_threshold=0.6, max_rate=5.0, hold=0.0).stream_config(recommended)
    assert (changed.max_rate, changed.events.hold, changed.events.on_threshold) == (5.0, 0.0, 0.6)
    assert changed.events.label_on_threshold == {}  # a value that was set holds for every label
    assert changed.events.label_min_duration == {"wave": 1.0}


def test_thresholds_must_fit_the_recommended_ones():
    with pytest.raises(ValueError, match="off_threshold"):
        config(off_threshold=0.9).stream_config(StreamConfig(events=EventConfig(on_threshold=0.5)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"topology": "kinect_v2"}, "did you mean 'kinect_v2_25'"),
        ({"input_type": "pose_arry"}, "did you mean 'pose_array'.*marker_array.*point_cloud"),
        ({"axes": "up"}, "optical, body, kinect"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
        ({"on_threshold": 0.3, "off_threshold": 0.4}, r"at most on_threshold \(0.3\)"),
        ({"max_rate": 0.1}, "0.5 to 60, or -1.0"),
        ({"max_rate": float("nan")}, "0.5 to 60"),
        ({"hold": -0.5}, "0 to 10"),
        ({"floor": "feets"}, "did you mean 'feet'"),
        ({"near": 0.0}, "0.2 to 10"),
        ({"person_id": ""}, "person_id: expected 1 to 100 printable characters"),
        ({"frame_id": "head\n"}, "frame_id: expected at most 100 printable characters"),
        ({"look_ahead": 1.0}, "0 to 0.9"),
        ({"sensor_pose": [1.0]}, "sensor_pose.*6 finite numbers"),
        ({"sensor_pose": [0.0, 0.0, 1.2, 0.0, float("nan"), 0.0]}, "6 finite numbers"),
        ({"imu_topic": "imu", "target_frame": "base"}, "not where it is in base: set sensor_pose"),
        ({"floor": "zero"}, "that of the sensor: set target_frame"),
    ],
)
def test_a_refusal_names_what_is_allowed(node, changes, reason):
    with pytest.raises(ValueError, match=reason):
        parameters.read(node, changes)


def test_settings_that_the_weights_cannot_do_are_refused_before_anything_changes():
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    config_of_it = stream.config
    short = dataclasses.replace(stream.weights.config.detector, rate=120.0)  # windows of half a second
    stream.weights = dataclasses.replace(
        stream.weights, config=dataclasses.replace(stream.weights.config, detector=short)
    )
    pipeline = Pipeline(
        config=config(), source=None, topics=None, outputs=SimpleNamespace(watched=()), worker=None, content=None,
        model=Model(stream=stream, enrolment=None, recommended=config_of_it, info=None),
    )  # fmt: skip
    with pytest.raises(ValueError, match="look_ahead: expected at most"):
        pipeline.reconfigure(config(look_ahead=0.9, watch=()))


def test_empty_and_repeated_labels_to_watch_are_dropped(node):
    assert parameters.read(node, {"watch": ["", "wave", "clap", "wave"]}).watch == ("wave", "clap")


def test_a_list_that_is_empty_is_the_default_as_ros_reads_it_without_a_type(peer):
    import rclpy

    arguments = ["--ros-args", "-p", "watch:=[]"]
    node = rclpy.create_node("watches_nothing", context=peer.context, cli_args=arguments)
    parameters.declare(node)
    assert parameters.read(node).watch == ()
    node.destroy_node()


def test_a_label_that_the_weights_do_not_know():
    parameters.check_watch(["wave", "sitting"], ["wave", "clap"])
    with pytest.raises(ValueError, match="did you mean 'wave'.*wave, clap"):
        parameters.check_watch(["waves"], ["wave", "clap"])
    with pytest.raises(ValueError, match="did you mean 'pointing_left'"):
        parameters.check_watch(["point_left"], ["wave", "clap"])


def test_parameters_change_the_states():
    assert config().states_config() == StatesConfig()
    changed = config(floor="zero", near=2.0, facing_angle=20.0, state_delay=2.0).states_config()
    assert (changed.ground, changed.near, changed.facing) == (0.0, (2.0, 2.2), (20.0, 30.0))
    assert changed.pointing_after == 2.0 * StatesConfig().pointing_after


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_the_node_knows_type_range_and_text(node, parameter):
    descriptor = node.describe_parameter(parameter.name)
    assert descriptor.description == parameter.text
    assert not descriptor.read_only  # it can change while the node is not configured
    if parameter.limits is None:
        return
    (limits,) = descriptor.floating_point_range or descriptor.integer_range
    assert limits.to_value == parameter.limits[1]
    assert limits.from_value == (RECOMMENDED if parameter.recommended else parameter.limits[0])
    if parameter.dynamic:
        outside = [Parameter(parameter.name, value=parameter.limits[1] + 1.0)]
        assert not node.set_parameters(outside)[0].successful


def test_a_value_out_of_range_stops_the_start(peer):
    import rclpy

    overrides = [Parameter("num_threads", value=0)]
    node = rclpy.create_node("narrow", context=peer.context, parameter_overrides=overrides)
    with pytest.raises(InvalidParameterValueException, match="num_threads"):
        parameters.declare(node)
    node.destroy_node()
