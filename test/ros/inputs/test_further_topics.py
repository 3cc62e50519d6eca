"""Adapters that read several topics and have parameters of their own: by messages, in a bag, and on a node."""

import re

import numpy as np
import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

import rclpy  # noqa: E402
from geometry_msgs.msg import PoseArray  # noqa: E402
from helpers.messages import KINECT  # noqa: E402
from helpers.people import frames  # noqa: E402
from helpers.plug_ins import register  # noqa: E402
from helpers.rule_detector import hand_up_weights  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_ros.bags.errors import BagError  # noqa: E402
from usdrl_ros.bags.labels import Truth, load_truth, save_truth  # noqa: E402
from usdrl_ros.bags.new_bag import BagWriter  # noqa: E402
from usdrl_ros.bags.replay import load_bag  # noqa: E402
from usdrl_ros.checking.trial import Captured, run  # noqa: E402
from usdrl_ros.demo.demo import bag_source  # noqa: E402
from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Adapter, Context  # noqa: E402
from usdrl_ros.inputs.further_topics import MOST, FurtherTopics  # noqa: E402
from usdrl_ros.inputs.options import Option, values  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import header, poses  # noqa: E402
from usdrl_ros.node.node import PerceptionNode  # noqa: E402
from usdrl_ros.parameters import adapter_options  # noqa: E402
from usdrl_ros.parameters.declarations import PARAMETERS  # noqa: E402
from usdrl_ros.parameters.values import PerceptionConfig  # noqa: E402

PAGE = (ROOT / "docs/adapters.md").read_text()
DUO = re.search(r"```python\n# my_duo/adapter.py\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture
def duo(tmp_path, monkeypatch):
    with register(tmp_path, monkeypatch, "duo", DUO):
        yield registry.find("duo").adapter


def bag(path, options=None):
    """Somebody in ten poses, called Anna from the fifth on."""
    with BagWriter(path) as writer:
        writer.add_topic("/joints", "geometry_msgs/msg/PoseArray")
        writer.add_topic("/names", "std_msgs/msg/String")
        recorded = [(frame.stamp, "/joints", poses(frame, header(frame.stamp, "c"))) for frame in frames(1 / 3)]
        recorded.append((recorded[4][0] - 1e-3, "/names", String(data="Anna")))
        for stamp, topic, message in sorted(recorded, key=lambda one: one[0]):
            writer.write(topic, round(stamp * 1e9), serialize_message(message))
    truth = Truth(
        topic="/joints", topology="kinect_v2_25", axes="kinect", labels=("wave",), segments=(), input_type="duo",
        input_options=options or {},
    )  # fmt: skip
    save_truth(truth, path)
    assert load_truth(path) == truth
    return path


def test_a_bag_is_read_as_the_topics_were_live(duo, tmp_path):
    read = load_bag(bag(tmp_path / "bag", {"scale": 2.0}))
    assert [frame.people[0].id for frame in read.frames] == ["0"] * 4 + ["Anna"] * 6
    assert read.further_topics == ("names",)
    for played_live in (read.check_one_topic, lambda: bag_source(read)):
        with pytest.raises(BagError, match=r"input_type duo reads names as well, .* evaluate it offline"):
            played_live()
    np.testing.assert_allclose(read.frames[0].people[0].joints, 2.0 * frames(0.01)[0].people[0].joints, atol=1e-6)
    with pytest.raises(BagError, match="input.scal: .*did you mean 'scale'"):
        load_bag(bag(tmp_path / "other", {"scal": 2.0}))
    with pytest.raises(BagError, match=r"input.scale: expected a number from 0.01 to 100, got 'two'"):
        load_bag(bag(tmp_path / "third", {"scale": "two"}))


def test_a_check_says_which_topics_it_does_not_hear(duo):
    source = registry.find("duo")
    defaults = {parameter.field: parameter.default for parameter in PARAMETERS}
    config = PerceptionConfig(**(defaults | {"input_type": "duo", "axes": "kinect"}))
    message = poses(frames(0.01)[0], header(100.0, "c"))
    options = values(source.adapter.options, {})
    found = run([Captured(serialize_message(message), 100.0, 0.0)], source, options, config, "/joints", None).findings
    assert any("duo reads names as well, of which nothing was heard" in one.text for one in found)


def test_what_is_subscribed_and_ended_again():
    topics, told = FurtherTopics(), []
    topics.changed = lambda: told.append([route.topic for route in topics.routes])
    end = topics.subscribe("a", "std_msgs/msg/String", print)
    topics.subscribe("b", "std_msgs/msg/String", print, latched=True)
    end()
    end()
    assert told == [["a"], ["a", "b"], ["b"], ["b"]]
    with pytest.raises(ValueError, match="not read yet, got it twice"):
        topics.subscribe("b", "std_msgs/msg/String", print)
    with pytest.raises(ValueError, match="nowhere_msgs/msg/Thing, whose package is not installed"):
        topics.subscribe("c", "nowhere_msgs/msg/Thing", print)
    with pytest.raises(ValueError, match=f"{MOST} topics at most"):
        for number in range(MOST + 1):
            topics.subscribe(f"t{number}", "std_msgs/msg/String", print)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"scale": 0.0}, "input.scale: expected a number from 0.01 to 100, got 0.0"),
        ({"scale": float("nan")}, "input.scale"),
        ({"scale": True}, "input.scale"),
        ({"names": 3}, "input.names: expected a text"),
        ({"other": 3}, "no such parameter.*It has: names, scale"),
    ],
)
def test_values_that_an_adapter_does_not_take(duo, given, reason):
    with pytest.raises(ValueError, match=reason):
        values(duo.options, given)


def test_whole_numbers_and_choices():
    options = (
        Option(name="rate", default=1.0, text=""),
        Option(name="side", default="left", choices=("left", "right"), text=""),
    )
    assert values(options, {"rate": 2}) == {"rate": 2.0, "side": "left"}
    with pytest.raises(ValueError, match="one of left, right, got 'up'"):
        values(options, {"side": "up"})
    with pytest.raises(ValueError, match="default of bool, int, float or str"):
        Option(name="list", default=[1], text="")


def test_parameters_of_an_adapter_on_a_node(peer, duo):
    node = peer.node
    assert adapter_options.declare(node, duo.options, given=True) == {"names": "names", "scale": 1.0}
    assert node.describe_parameter("input.scale").description == "Factor of all coordinates."
    node.set_parameters([Parameter("input.scale", value=3)])
    assert adapter_options.declare(node, duo.options, given=True)["scale"] == 3.0
    with pytest.raises(ValueError, match="input.scale: cannot change while the node is configured"):
        adapter_options.check_unchanged(node, [Parameter("input.scale", value=4.0)])
    assert adapter_options.declare(node, (), given=False) == {}, "another adapter"
    assert not node.has_parameter("input.scale")


def test_a_node_that_was_started_with_parameters_of_one_input_can_be_given_another_and_the_first_again(duo):
    given = {"autostart": "false", "input_type": "duo", "input.scale": "3.0"}
    rclpy.init(args=["--ros-args", *(word for name, value in given.items() for word in ("-p", f"{name}:={value}"))])
    node = PerceptionNode(lambda config: ActionStream(hand_up_weights(), topology=config.topology))
    try:
        for kind, scale in (("duo", 3.0), ("point_cloud", None), ("duo", 3.0)):
            assert node.set_parameters([Parameter("input_type", value=kind)])[0].successful
            assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
            assert node.get_parameter_or("input.scale", Parameter("none")).value == scale
            assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    finally:
        node.close()
        rclpy.shutdown()


def test_what_was_given_to_one_adapter_says_nothing_to_another_with_the_same_names(peer, duo):
    overrides = [Parameter("input.scale", value=3.0), Parameter("input.pattern", value="of another")]
    node = rclpy.create_node("given", context=peer.context, parameter_overrides=overrides)
    assert adapter_options.declare(node, duo.options, given=False) == {"names": "names", "scale": 1.0}
    with pytest.raises(ValueError, match="input.pattern: this input has no such parameter"):
        adapter_options.declare(node, duo.options, given=True)
    node.destroy_node()


def test_without_a_place_to_subscribe_or_tf():
    context = Context(topology=KINECT)
    with pytest.raises(ValueError, match="running node and in bags only"):
        context.subscribe("a", "std_msgs/msg/String", print)
    with pytest.raises(ValueError, match="expected a transform from 'a' to 'b' at stamp 3.000") as error:
        context.transform("b", "a", header(3.0, "").stamp)
    assert error.value.kind == "no_transform"


def test_the_simple_interface_is_unchanged():
    assert Adapter(message=PoseArray.__name__, version=1, decode=print).options == ()
