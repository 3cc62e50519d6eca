"""An interruption while a message is decoded ends the work; the message is not called malformed."""

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from rclpy.serialization import serialize_message  # noqa: E402
from visualization_msgs.msg import MarkerArray  # noqa: E402

from usdrl_ros.messages.cdr import MalformedError  # noqa: E402
from usdrl_ros.messages.serialised import Serialised  # noqa: E402
from usdrl_ros.processes.children import Terminated  # noqa: E402


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Terminated])
@pytest.mark.parametrize("named", [True, False])
def test_a_signal_in_the_middle_of_a_message_comes_through(monkeypatch, kind, named):
    """The middleware makes an error of its own of whatever the class of a message raises."""

    def interrupted(*_):
        try:
            raise kind
        except KeyboardInterrupt as stop:
            broken = TypeError("Unable to convert function return value to a Python type!")
            if named:
                raise broken from stop
            raise broken  # noqa: B904

    monkeypatch.setattr("usdrl_ros.messages.serialised.deserialize_message", interrupted)
    with pytest.raises(kind) as caught:
        Serialised(MarkerArray).message(serialize_message(MarkerArray()))
    assert caught.type is kind


def test_a_message_that_is_none_stays_malformed(monkeypatch):
    def broken(*_):
        raise TypeError("Unable to convert function return value to a Python type!")

    monkeypatch.setattr("usdrl_ros.messages.serialised.deserialize_message", broken)
    with pytest.raises(MalformedError, match="cannot be deserialised"):
        Serialised(MarkerArray).message(serialize_message(MarkerArray()))
