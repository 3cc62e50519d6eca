"""A transition that fails leaves nothing behind on the node."""

import dataclasses
import sys
import threading
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from helpers import stand_ins, tf_tree  # noqa: E402
from helpers.rule_detector import hand_up_weights  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_ros.node import node as perception  # noqa: E402
from usdrl_ros.node.pipeline import build  # noqa: E402
from usdrl_ros.parameters.declarations import PARAMETERS  # noqa: E402
from usdrl_ros.parameters.values import PerceptionConfig  # noqa: E402


class Node:
    """A node that knows what is open on it."""

    def __init__(self):
        self.open = []

    def get_logger(self):
        return Mock()

    def resolve_topic_name(self, name):
        return f"/{name}"

    def create_publisher(self, kind, topic, *_, **__):
        return self._made(topic)

    def destroy_publisher(self, one):
        self.open.remove(one.topic)

    def _made(self, topic):
        self.open.append(topic)
        return SimpleNamespace(topic=topic, topic_name=topic, publish=lambda message: None)


def stream(*labels):
    weights = hand_up_weights()
    detector = dataclasses.replace(weights.config.detector, labels=("none", *labels))
    config = dataclasses.replace(weights.config, detector=detector)
    return ActionStream(dataclasses.replace(weights, config=config), topology="kinect_v2_25")


@pytest.mark.parametrize("rules", ["", "rules: {sit down: {intent: GREET}}"])
def test_labels_that_become_one_topic_are_refused_before_anything_is_published(monkeypatch, tmp_path, rules):
    stand_ins.install(monkeypatch)  # further outputs are those of vision_msgs and ROS4HRI
    (tmp_path / "rules.yaml").write_text(rules)
    watch = ("sit down", "sit_down")
    changes = {"watch": watch, "hri_rules": str(tmp_path / "rules.yaml") if rules else ""}
    config = PerceptionConfig(**({one.field: one.default for one in PARAMETERS} | changes))
    node = Node()
    for _ in range(2):
        with pytest.raises(ValueError, match="watch: .* become the topics"):
            build(node, config, {}, lambda _: stream(*watch), None, Mock(), lambda *_: None)
        assert node.open == []


def test_tf_is_heard_from_configuration_to_cleanup(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2_ros", tf_tree.module())
    rclpy.init(args=["--ros-args", "-p", "autostart:=false", "-p", "target_frame:=base_link"])
    broken: list[Exception] = []

    def make(config):
        if broken:
            raise broken.pop()
        return stream("hand_up")

    def listening():
        return any(thread.name == "tf" for thread in threading.enumerate())

    node = perception.PerceptionNode(make)
    try:
        for _ in range(2):
            assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS and listening()
            assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS and not listening()
        broken.append(ValueError("no such weights"))
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE and not listening()
    finally:
        node.close()
        rclpy.shutdown()


def test_an_activation_that_fails_leaves_nothing_that_listens(monkeypatch):
    rclpy.init(args=["--ros-args", "-p", "autostart:=false"])
    node = perception.PerceptionNode(lambda config: stream("hand_up"))
    try:
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS

        def made():
            return [*node.subscriptions, *node.timers, *node.guards]

        before = made()
        with monkeypatch.context() as broken:
            broken.setattr(perception, "FurtherSubscriptions", Mock(side_effect=ValueError("no such topic")))
            assert node.trigger_activate() == TransitionCallbackReturn.FAILURE
        assert made() == before and not node.active
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        assert len(made()) > len(before)
        assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
        assert made() == before
    finally:
        node.close()
        rclpy.shutdown()
