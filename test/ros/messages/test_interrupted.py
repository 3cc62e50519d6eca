"""An interruption while a message is decoded ends the work; the message is not called malformed."""

import os
import signal

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from geometry_msgs.msg import Point  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

from usdrl_ros.messages.cdr import MalformedError  # noqa: E402
from usdrl_ros.messages.serialised import Serialised  # noqa: E402
from usdrl_ros.processes.children import Terminated, exit_on_sigterm  # noqa: E402


@pytest.fixture(autouse=True)
def handlers():
    before = signal.getsignal(signal.SIGTERM)
    exit_on_sigterm()
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_signal_in_the_middle_of_a_message_comes_through(number, kind):
    array = MarkerArray(markers=[Marker(points=[Point()] * 20) for _ in range(100)])
    data, decoder = serialize_message(array), Serialised(MarkerArray)
    decoder.message(data)  # the type support is loaded

    def stop(*_):
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGALRM, stop)
    for micros in range(100, 5000, 100):  # some of them come in the middleware, whatever the machine's speed
        with pytest.raises(KeyboardInterrupt) as caught:
            signal.setitimer(signal.ITIMER_REAL, micros * 1e-6)
            while True:
                decoder.message(data)
        assert caught.type is kind


def test_a_message_that_is_none_stays_malformed(monkeypatch):
    def broken(*_):
        raise TypeError("Unable to convert function return value to a Python type!")

    monkeypatch.setattr("usdrl_ros.messages.serialised.deserialize_message", broken)
    with pytest.raises(MalformedError, match="cannot be deserialised"):
        Serialised(MarkerArray).message(serialize_message(MarkerArray()))
