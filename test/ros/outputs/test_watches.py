"""Who does a watched action, or is in a watched state, on topics that need no parsing."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from builtin_interfaces.msg import Time  # noqa: E402
from geometry_msgs.msg import PoseStamped  # noqa: E402
from helpers.people import standing
from helpers.results import FRAMES, HEADER, doing, person, result  # noqa: E402
from helpers.ros_peer import LATCHED  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_msgs.msg import Bool, String  # noqa: E402

from usdrl_model.states.person import HeldState  # noqa: E402
from usdrl_ros.outputs import watched  # noqa: E402


def test_watched_labels_need_no_parsing(peer, outputs):
    active = peer.listen(Bool, "watch/wave/active", LATCHED)
    who = peer.listen(String, "watch/wave/person", LATCHED)
    pose = peer.listen(PoseStamped, "watch/wave/pose", LATCHED)
    other = peer.listen(Bool, "watch/pick_up/active", LATCHED)
    peer.wait(lambda: not outputs.heartbeat() and active and other, "first words")
    assert not active[-1].data and who[-1].data == "" and not pose
    people = (
        person("3", doing("wave", 0.7)),
        person("5", doing("wave", 0.8), joints=standing() + [1.0, 0.0, 0.0]),
        person("9", doing("wave", 0.95, active=False)),
    )
    outputs.publish(result(*people), None)
    peer.wait(lambda: active[-1].data and pose and who[-1].data, "wave")
    assert who[-1].data == "5"
    assert pose[-1].header == HEADER
    x, y, z = pose[-1].pose.position.x, pose[-1].pose.position.y, pose[-1].pose.position.z
    np.testing.assert_allclose([x, y, z], FRAMES.to_published(people[1].position))
    assert not other[-1].data
    outputs.publish(result(), None)
    peer.wait(lambda: not active[-1].data and who[-1].data == "", "the end of the wave")


def test_who_does_it_where_and_since_when_is_one_message(peer, outputs):
    heard = peer.listen(PointCloud2, "watch/wave", LATCHED)
    peer.wait(lambda: heard, "nobody")
    assert heard[-1].width == 0
    people = (
        person("3", doing("wave", 0.7, onset=18.0)),
        person("Zoë of the second floor", doing("wave", 0.8), joints=standing() + [1.0, 0.0, 0.0]),
        person("5", doing("wave", 0.6), joints=np.full((25, 3), np.nan)),
        person("9", doing("wave", 0.95, active=False)),
    )
    outputs.publish(result(*people), None)
    peer.wait(lambda: heard[-1].width, "wave")
    assert heard[-1].header == HEADER and heard[-1].point_step % 8 == 0
    found = watched.read(heard[-1])
    assert [one.id for one in found] == ["Zoë of the second floor", "3", "5"], "highest score first"
    assert [round(one.score, 3) for one in found] == [0.8, 0.7, 0.6] and found[1].onset == 18.0
    np.testing.assert_allclose(found[0].position, FRAMES.to_published(people[1].position), rtol=1e-6)
    assert found[2].position is None
    outputs.publish(dataclasses.replace(result(), stamp=Time(sec=21)), None)
    peer.wait(lambda: not heard[-1].width, "the end of the wave")
    assert heard[-1].header.stamp.sec == 21, "nobody, and since when"
    with pytest.raises(ValueError, match="'track_id'"):
        watched.read(PointCloud2())


def test_a_watched_state_is_that_of_who_has_been_in_it_longest(peer, outputs):
    outputs.watch(["sitting"])
    active = peer.listen(Bool, "watch/sitting/active", LATCHED)
    who = peer.listen(String, "watch/sitting/person", LATCHED)
    pose = peer.listen(PoseStamped, "watch/sitting/pose", LATCHED)
    people = (
        person("3", doing("wave"), states=(HeldState("sitting", 12.0),)),
        person("5", states=(HeldState("sitting", 11.0),), joints=standing() + [1.0, 0.0, 0.0]),
        person("9", states=(HeldState("standing", 10.0),)),
    )
    outputs.publish(result(*people), None)
    peer.wait(lambda: active and active[-1].data and pose and who[-1].data, "sitting")
    assert who[-1].data == "5"
    place = pose[-1].pose.position
    np.testing.assert_allclose([place.x, place.y, place.z], FRAMES.to_published(people[1].position))


def test_what_is_watched_can_change(peer, outputs):
    outputs.watch(["clap"])
    names = [name for name, _ in peer.node.get_publisher_names_and_types_by_node("peer", "/") if "watch" in name]
    assert names == ["/watch/clap", "/watch/clap/active", "/watch/clap/person", "/watch/clap/pose"]
