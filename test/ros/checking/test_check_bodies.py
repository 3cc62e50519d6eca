"""``usdrl-check`` of a source whose people have topics of their own, which it asks for as they come."""

import itertools
import json

import pytest
from helpers.acting import script

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.pictures import camera_info, depth_image, openpose  # noqa: E402
from helpers.plug_ins import register  # noqa: E402
from helpers.repeating import Repeating  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.simulation.simulate import PerformanceConfig, simulate  # noqa: E402
from usdrl_ros.checking.check import main  # noqa: E402

JOINTS = "openpose_coco_18"
BODIES = '''
from dataclasses import replace

from usdrl_ros.inputs.adapter import Adapter
from usdrl_ros.inputs.openpose_json import ADAPTER as OPENPOSE


class Bodies:
    """Names, parted by spaces; the skeleton of each is on a topic of its own, as those of REP-155."""

    def __init__(self, context):
        self.ends = {}

    def __call__(self, message, context):
        names = message.data.split()
        for name in [name for name in self.ends if name not in names]:
            self.ends.pop(name)()
        for name in names:
            if name not in self.ends:
                self.ends[name] = context.subscribe(f"/bodies/{name}/skeleton", "std_msgs/msg/String", OPENPOSE.decode)


ADAPTER = replace(OPENPOSE, decode=Bodies)
'''


class Camera:
    """Somebody who is found as ``first`` and, after some pictures, as ``then``; a depth camera and its calibration."""

    def __init__(self, peer, first="b1", then="b1", listed=1000):
        acts = script(("idle", 3.0), ("wave", 3.0))
        frames = simulate(PerformanceConfig(scripts=(acts,), topology=JOINTS, rate=15.0), seed=2).frames
        self._frames, self._peer, self._names = itertools.cycle(frames), peer, [first] * 15 + [then]
        self._listed = listed
        kinds = {"/bodies/tracked": String, "/depth": Image, "/info": CameraInfo}
        kinds |= {f"/bodies/{name}/skeleton": String for name in {first, then}}
        self.made = {name: peer.node.create_publisher(kind, name, 5) for name, kind in kinds.items()}

    def send(self):
        now = self._peer.now()
        points = next(self._frames).people[0].joints * (-1.0, -1.0, 1.0)
        name = self._names.pop(0) if len(self._names) > 1 else self._names[0]
        self.made["/info"].publish(camera_info())
        self.made["/depth"].publish(depth_image(points, now, scale=4))  # not larger than a packet
        if self._listed > 0:
            self.made["/bodies/tracked"].publish(String(data=name))
            self._listed -= self.made["/bodies/tracked"].get_subscription_count()
        self.made[f"/bodies/{name}/skeleton"].publish(String(data=json.dumps(openpose(now, **{name[1:]: points}))))


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    given = {"input_type": "bodies", "topology": JOINTS, "depth_topic": "/depth", "camera_info_topic": "/info"}
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]

    def checked():
        status = main(["/bodies/tracked", "--seconds", "2", "--wait", "3", "--json", "--ros-args", *words])
        return status, json.loads(capsys.readouterr().out)

    with register(tmp_path, monkeypatch, "bodies", BODIES):
        yield checked


@pytest.mark.parametrize("listed", [1000, 5])
def test_each_body_is_heard(peer, check, listed):
    """Also where the list comes no more, because nobody comes or goes."""
    with Repeating(Camera(peer, listed=listed).send):
        status, found = check()
    assert (status, found["findings"], found["set"]) == (0, [], {}), found
    (person,) = found["people"]
    assert person["ahead"] > 1.0 and person["joints"] > 0.7


def test_who_comes_later_is_heard_and_who_has_gone_is_no_trouble(peer, check):
    with Repeating(Camera(peer, "b1", "b2").send):
        status, found = check()
    assert (status, found["set"]) == (0, {}), found
    assert "2" in {one["id"] for one in found["people"]}
