"""The node with joints in a picture and weights that need no depth, over real DDS."""

import json

import pytest
from helpers.ros_peer import LATCHED

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.pictures import HEIGHT, WIDTH, openpose  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.simulation.performance import performance  # noqa: E402
from usdrl_model.simulation.script import Act  # noqa: E402
from usdrl_ros.outputs import watched  # noqa: E402
from usdrl_ros.processes.children import Child, wait_until  # noqa: E402

SCRIPT = (Act(action="idle", seconds=1.0), Act(action="wave", seconds=3.5), Act(action="idle", seconds=0.5))
GIVEN = {"input_type": "openpose_json", "topology": "openpose_coco_18", "picture_size": f"[{WIDTH}.0, {HEIGHT}.0]"}


def arguments(**settings):
    words = [word for name, value in (GIVEN | settings).items() for word in ("-p", f"{name}:={value}")]
    return ["-m", "usdrl_ros.node.main", "--ros-args", *words]


def test_somebody_who_waves_in_a_picture(peer):
    recording = performance(people=1, script=SCRIPT, topology="openpose_coco_18", faults="none", rate=30.0, seed=1)
    with Child("perception", arguments(weights="hri_2d", watch="[wave]", gesture_weights="hri")) as child:
        states, events = peer.listen_json("actions/state"), peer.listen_json("actions/events", 50)
        clouds = peer.listen(PointCloud2, "watch/wave", LATCHED)
        peer.wait(lambda: states, "first state", 90.0, child)
        publisher = peer.publisher(String, "skeletons")
        start = peer.now() - recording.frames[0].stamp
        for frame in recording.frames:
            peer.spin(max(0.0, start + frame.stamp - peer.now()))
            people = {person.id: person.joints * (-1.0, -1.0, 1.0) for person in frame.people}
            publisher.publish(String(data=json.dumps(openpose(start + frame.stamp, **people))))
            child.check()
        onset = peer.wait(
            lambda: [one for one in events if (one["kind"], one["label"]) == ("onset", "wave")], "onset of wave"
        )[0]
        (truth,) = [one for one in recording.segments if one.label == "wave"]
        assert truth.start - 0.5 < onset["onset"] - start < truth.end
        state = peer.wait(lambda: [one for one in states if one["people"]][-1:], "somebody in the state")[0]
        (person,) = state["people"]
        assert state["withheld"].startswith("joints are in a picture, without depth")
        assert person["position"] is person["distance"] is person["bearing"] is None
        assert {"near", "facing_me", "standing", "pointing_right"} <= set(person["states"]["unknown"])
        found = [one for cloud in clouds for one in watched.read(cloud)]
        assert found and all(one.position is None for one in found)
        assert "joints are in a picture, without depth" in child.log()
        assert "gesture_weights: no gestures to tell with them: set gestures to a folder" in child.log()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "set weights to some that need no depth (hri_2d), or depth_topic and camera_info_topic"),
        ({"weights": "hri_2d", "target_frame": "base"}, "leave target_frame, sensor_pose and imu_topic out"),
    ],
)
def test_what_does_not_fit_ends_the_start(settings, said):
    with Child("perception", arguments(**settings)) as child:
        wait_until("end", child.ended, [], 90.0)
        assert child.status == 1
        assert said in child.log() and "Traceback" not in child.log()
