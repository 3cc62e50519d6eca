"""A script that publishes states over DDS, as a perception node does."""

import json
import threading
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import String
from std_srvs.srv import Trigger

from helpers.ros_peer import LATCHED
from usdrl_ros.outputs.state_json import SCHEMA
from usdrl_ros.wire import NODE

PERIOD = 0.5
BEAT = 0.1
"""Seconds between two states: far below what is promised, so that a busy machine is no dead node."""


def until(done):
    """Wait for what the other side of DDS or of a pipe does."""
    end = time.monotonic() + 30.0
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


class Scripted:
    """A perception node without a model: what it says is set by the test; not ``serves``: a relay of its state."""

    def __init__(self, namespace, name=NODE, serves=True):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node(name, context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.people, self.events, self.calls, self.beating = [], [], [], False
        self.stamp, self.frames = 100.0, True
        self.refused, self.others = "", 0
        """Why a gesture cannot begin; how often another one asks for one of theirs just before it does."""
        self.publisher = self.node.create_publisher(String, "actions/state", LATCHED)
        for name in ("enrol.label", "enrol.person"):
            self.node.declare_parameter(name, "")
        self.serves = serves
        self.serve("list_labels", lambda: (True, json.dumps(["wave", "walk"])))
        self.serve("enrol/start", self.start)
        self.serve("enrol/cancel", lambda: (True, "nothing is kept of what was shown"))
        self.serve("enrol/stop", lambda: (True, f"{self.label}: 1 example"))
        self.node.create_timer(BEAT, self.beat)
        self.thread = threading.Thread(target=self.executor.spin, daemon=True)
        self.thread.start()

    def start(self):
        if self.refused:
            return False, self.refused
        self.others -= 1
        self.label = self.node.get_parameter("enrol.label").value
        person = "other" if self.others >= 0 else self.node.get_parameter("enrol.person").value or "cam:7"
        return True, f"{self.label}: person {person}: make the gesture, then call enrol/stop"

    def serve(self, name, answer):
        def respond(_, response):
            self.calls.append(name)
            response.success, response.message = answer()
            return response

        if self.serves:
            self.node.create_service(Trigger, f"~/{name}", respond)

    def beat(self):
        if self.beating:
            self.stamp += 1e-5 * self.frames  # so little that times stay what they are
            state = {
                "schema": SCHEMA, "seq": len(self.events), "stamp": self.stamp, "frame_id": "base_footprint",
                "heartbeat": {"stamp": time.time(), "period": PERIOD}, "people": self.people,
                "events": self.events[-16:],
            }  # fmt: skip
            self.publisher.publish(String(data=json.dumps(state)))

    def happen(self, kind, label, person="7", score=0.9, offset=None, **more):
        seq = len(self.events) + 1
        self.events.append(
            {
                "seq": seq,
                "kind": kind,
                "person": person,
                "label": label,
                "onset": 97.5,
                "offset": offset,
                "score": score,
                "stamp": self.stamp,
                **more,
            }
        )

    def come(self, person):
        self.happen("entered", None, person, score=None)

    def close(self):
        self.executor.shutdown()
        self.thread.join()
        self.node.destroy_node()
        self.context.try_shutdown()
