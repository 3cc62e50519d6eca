"""The node with an adapter of another package that reads two topics and has parameters, over real DDS."""

import os
import re

import pytest
from helpers.paths import HELPERS, ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from geometry_msgs.msg import PoseArray  # noqa: E402
from helpers.people import frames  # noqa: E402
from helpers.plug_ins import write  # noqa: E402
from helpers.ros_peer import Diagnostics, header  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_ros.inputs.skeleton_messages import poses  # noqa: E402
from usdrl_ros.processes.children import Child, wait_until  # noqa: E402

PAGE = (ROOT / "docs/adapters.md").read_text()
DUO = re.search(r"```python\n# my_duo/adapter.py\n(.*?)```", PAGE, re.DOTALL)[1]


def arguments(**settings):
    given = {"input_type": "duo", "axes": "kinect"} | settings
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]
    return [str(HELPERS / "hand_up_node.py"), "--ros-args", *words]


@pytest.fixture
def duo(tmp_path, monkeypatch):
    write(tmp_path, "duo", DUO)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))


def test_two_topics_and_a_parameter_of_an_adapter(duo, peer):
    with Child("perception", arguments(**{"input.scale": 1, "input.names": "who"})) as child:
        states, diagnostics = peer.listen_json("actions/state"), Diagnostics(peer)
        peer.wait(lambda: states, "first state", 90.0)

        def told(words):
            child.check()
            return words in getattr(diagnostics.newest().get("input"), "message", "")

        peer.wait(lambda: told("nobody publishes /who, which the input needs as well"), "word of the silent topic")
        publisher = peer.publisher(PoseArray, "skeletons")
        peer.publisher(String, "who").publish(String(data="Anna"))
        for frame in frames(2.0, start=peer.now()):
            publisher.publish(poses(frame, header(frame.stamp)))
            peer.spin(1 / 30)
            child.check()
        seen = peer.wait(lambda: [one for state in states for one in state["people"]][-1:], "somebody in the state")
        assert seen[0]["id"] == "Anna"
        peer.wait(lambda: not told("nobody publishes"), "word that it is heard")


def test_a_parameter_that_the_adapter_does_not_have_ends_the_start(duo):
    with Child("perception", arguments(**{"input.scal": 2.0})) as child:
        wait_until("end", child.ended, [], 90.0)
        assert child.status == 1
        assert "input.scal: this input has no such parameter; did you mean 'scale'? It has: names, scale" in child.log()
