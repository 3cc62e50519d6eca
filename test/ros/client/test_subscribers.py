"""Every subscriber of a client hears every event."""

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.told_states import WAVED, state  # noqa: E402

from usdrl_ros.client import ActionsClient  # noqa: E402


def test_a_subscriber_that_raises_takes_no_event_from_the_others_and_ends_once(peer):
    def fail(event):
        raise RuntimeError(event["kind"])

    client, heard = ActionsClient(peer.node), []
    stop = client.subscribe(fail)
    twice = [client.subscribe(heard.append) for _ in range(2)]
    client._hear(state(1.0))
    with pytest.raises(RuntimeError, match="onset"):
        client._hear(state(2.0, events=WAVED))
    assert [event["kind"] for event in heard] == ["onset", "onset", "offset", "offset"]
    for end in (stop, stop, twice[0], twice[0]):
        end()
    client._hear(state(3.0, events=[*WAVED, WAVED[0] | {"seq": 3}]))
    assert len(heard) == 5, "the other one goes on"
    client.close()
