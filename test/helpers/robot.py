"""The perception node over real DDS: the node is one process, the test is the other.

One node serves the tests of a file, as one robot would: what one test does to it, the next has to live with.
"""

import itertools

import jsonschema
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from geometry_msgs.msg import PoseStamped  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_msgs.msg import Bool, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from helpers.ros_peer import LATCHED, TIMEOUT, Diagnostics, header  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.outputs.state_json import schema  # noqa: E402

ARGUMENTS = ["--ros-args", "-p", "axes:=kinect", "-p", "watch:=[hand_up]", "-p", "source_timeout:=1.5"]
STATE = jsonschema.Draft202012Validator(schema())
starts = itertools.count(1000.0, 100.0)
"""Stamps of the tests: each one begins 100 s after the one before."""


class Robot:
    """The node under test, and everything that it says."""

    def __init__(self, peer, child):
        self.peer, self.child = peer, child
        self.states = peer.listen_json("actions/state")
        self.told = peer.listen_json("actions/events", 50)
        self.active = peer.listen(Bool, "watch/hand_up/active", LATCHED)
        self.who = peer.listen(String, "watch/hand_up/person", LATCHED)
        self.pose = peer.listen(PoseStamped, "watch/hand_up/pose", LATCHED)
        self.diagnostics = Diagnostics(peer)
        self.wait(lambda: self.states, "first state")
        self.publisher = peer.publisher(PointCloud2, "skeletons")

    def wait(self, done, what, timeout=TIMEOUT):
        def checked():
            self.child.check()
            return done()

        return self.peer.wait(checked, what, timeout)

    def play(self, recorded, speed=8.0, frame_id="camera", wait=True):
        """Publish frames with their stamps, ``speed`` times as fast; wait until the last one was taken."""
        for before, frame in zip([recorded[0], *recorded], recorded, strict=False):
            self.peer.spin(max(0.0, frame.stamp - before.stamp) / speed)
            self.publisher.publish(point_cloud(frame, header(frame.stamp, frame_id)))
        if not wait:
            return None
        # The newest inference slot may end before the last frame.
        newest = recorded[-1].stamp - 0.25
        return self.wait(
            lambda: next((state for state in self.states[-3:] if abs(state["stamp"] - newest) < 0.26), None),
            f"state at {newest}",
        )

    def reset(self):
        """Nobody is in sight, and nothing has happened."""
        assert self.peer.call(Trigger, "usdrl_perception/reset").success
        self.wait(lambda: not self.states[-1]["people"], "empty room")
        self.peer.spin(0.1)
        self.told.clear()

    @property
    def events(self):
        """What people did."""
        return [event for event in self.told if event["label"] is not None]

    def visits(self):
        """Who came and went."""
        return [(event["kind"], event["person"]) for event in self.told if event["label"] is None]

    def kinds(self, person=None):
        return [event["kind"] for event in self.events if person in (None, event["person"])]

    def lifecycle(self, transition):
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.peer.call(ChangeState, "usdrl_perception/change_state", request).success

    def set(self, name, value):
        kind, slot = {
            float: (ParameterType.PARAMETER_DOUBLE, "double_value"),
            str: (ParameterType.PARAMETER_STRING, "string_value"),
            list: (ParameterType.PARAMETER_STRING_ARRAY, "string_array_value"),
        }[type(value)]
        parameter = Parameter(name=name, value=ParameterValue(type=kind, **{slot: value}))
        request = SetParameters.Request(parameters=[parameter])
        return self.peer.call(SetParameters, "usdrl_perception/set_parameters", request).results[0]
