"""The other side of every DDS test: a node in the test's process that publishes, listens, and asks."""

import json
import os
import time

import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header, String

LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TIMEOUT = 30.0
"""Seconds; generous, because tests share the machine with others."""
PATIENCE = 3.0
"""Seconds after which ``ask`` asks again."""


class Peer:
    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("peer", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()

    def spin(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0.0:
            self.executor.spin_once(timeout_sec=left)

    def wait(self, done, what, timeout=TIMEOUT, child=None):
        """Spin until ``done()`` is true, and return what it returned; a ``child`` that ends meanwhile is an error."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if child is not None and child.ended():
                raise child.error(f"ended before the {what}")
            value = done()
            if value:
                return value
            self.executor.spin_once(timeout_sec=0.02)
        raise AssertionError(f"no {what} within {timeout:g} s")

    def listen(self, message_type, topic, qos=10):
        """A list that grows with every message."""
        heard = []
        self.node.create_subscription(message_type, topic, heard.append, qos)
        return heard

    def listen_json(self, topic, qos=LATCHED):
        heard = []
        self.node.create_subscription(String, topic, lambda message: heard.append(json.loads(message.data)), qos)
        return heard

    def publisher(self, message_type, topic, qos=100, subscribers=1):
        """A publisher that has found its subscriber."""
        publisher = self.node.create_publisher(message_type, topic, qos)
        self.wait(lambda: publisher.get_subscription_count() >= subscribers, f"subscriber on {topic}")
        self.spin(0.3)  # matched on both sides
        return publisher

    def call(self, service_type, name, request=None):
        client = self.node.create_client(service_type, name)
        self.wait(client.service_is_ready, f"service {name}")
        future = client.call_async(request or service_type.Request())
        self.wait(future.done, f"answer from {name}")
        self.node.destroy_client(client)
        return future.result()

    def ask(self, service_type, name):
        """``call`` of a service that only tells something, asked anew where no answer comes.

        A node that has just come may answer before it has found who asks, and DDS drops that answer.
        """
        client = self.node.create_client(service_type, name)
        self.wait(client.service_is_ready, f"service {name}")
        asked = []

        def answered():
            if not asked or time.monotonic() - asked[-1][0] > PATIENCE:
                asked.append((time.monotonic(), client.call_async(service_type.Request())))
            return next((future.result() for _, future in asked if future.done()), None)

        answer = self.wait(answered, f"answer from {name}")
        self.node.destroy_client(client)
        return answer

    def now(self):
        return self.node.get_clock().now().nanoseconds * 1e-9


class Diagnostics:
    """What the node last said on /diagnostics."""

    def __init__(self, peer):
        self._peer = peer
        self._arrays = peer.listen(DiagnosticArray, "/diagnostics")

    def fresh(self):
        """Statuses by the last word of their name, from a report made after this call."""
        seen = len(self._arrays)
        self._peer.wait(lambda: len(self._arrays) > seen + 1, "diagnostics")
        return self.newest()

    def newest(self):
        return {status.name.split(": ")[-1]: status for status in self._arrays[-1].status} if self._arrays else {}

    def values(self):
        return {value.key: value.value for status in self.newest().values() for value in status.values}

    def counted(self, key, least=1):
        return int(self.values().get(key, "0")) >= least


def stamp(seconds):
    return Time(sec=int(seconds), nanosec=round((seconds - int(seconds)) * 1e9))


def header(seconds, frame_id="camera"):
    return Header(stamp=stamp(seconds), frame_id=frame_id)


def seconds_to_end(child, number):
    """How long a process takes to end after a signal."""
    before = time.monotonic()
    os.kill(child.pid, number)
    while not child.ended():
        assert time.monotonic() - before < 20.0, "the node does not end"
        time.sleep(0.01)
    return time.monotonic() - before
