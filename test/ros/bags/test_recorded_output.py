"""What a node published while a bag was recorded, of the node that heard the skeletons."""

from pathlib import Path

import pytest
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from usdrl_model.events.onset_offset import Event
from usdrl_model.simulation.performance import performance
from usdrl_ros.bags.labels import Truth
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.recorded_output import recorded_output
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.inputs.skeleton_messages import header, point_cloud
from usdrl_ros.outputs.state_json import encode_event

FRAMES = performance(people=1, seconds=4.0, rate=5.0, faults="none").frames


def recorded(path: Path, skeletons: list[str], nodes: list[str]) -> None:
    """A bag with the same people on each topic, and the onset of an action of its own from each node."""
    with BagWriter(path) as bag:
        for topic in skeletons:
            bag.add_topic(topic, "sensor_msgs/msg/PointCloud2")
        for node in nodes:
            bag.add_topic(f"{node}/actions/events", "std_msgs/msg/String")
        for frame in FRAMES:
            for topic in skeletons:
                message = serialize_message(point_cloud(frame, header(frame.stamp, "camera")))
                bag.write(topic, round(frame.stamp * 1e9), message)
        for node in nodes:
            event = Event(
                kind="onset", seq=1, person="1", label=f"of{node.replace('/', '_')}", onset=1.0, offset=None, score=0.9,
                stamp=2.0,
            )  # fmt: skip
            bag.write(f"{node}/actions/events", round(2e9), serialize_message(String(data=encode_event(event))))


@pytest.mark.parametrize(
    ("skeletons", "nodes", "heard"),
    [
        (["/front/skeletons", "/back/skeletons"], ["/front", "/back"], ["of_front"]),
        (["/front/skeletons", "/back/skeletons"], ["/back"], []),
        (["/front/skeletons"], ["/robot"], ["of_robot"]),
        (["/front/skeletons"], [""], ["of"]),
        (["/front/skeletons", "/velodyne_points"], [""], ["of"]),
        (["/front/skeletons"], ["/robot", "/other"], []),
        (["/front/skeletons"], [], []),
    ],
)
def test_events_are_those_of_the_node_that_heard_the_skeletons(tmp_path, skeletons, nodes, heard) -> None:
    recorded(tmp_path / "bag", skeletons, nodes)
    truth = Truth(topic="/front/skeletons", topology="kinect_v2_25", axes="kinect", labels=(), segments=())
    found = recorded_output(load_bag(tmp_path / "bag", truth))
    assert [event.label for event in found.events] == heard
    assert ("left out" in found.trouble) == (bool(nodes) and not heard)
