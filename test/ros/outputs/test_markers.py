"""Skeletons, labels and pointing arms as RViz shows them."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from geometry_msgs.msg import PoseStamped  # noqa: E402
from helpers.people import standing
from helpers.results import FRAMES, HEADER, doing, person, result  # noqa: E402
from transforms3d.quaternions import quat2mat  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS  # noqa: E402
from usdrl_model.states.person import HeldState  # noqa: E402
from usdrl_model.states.pointing import Ray  # noqa: E402
from usdrl_ros.outputs.markers import ACTIVE, CANDIDATE, NOTHING, colour_of, markers  # noqa: E402

RAY = Ray(origin=(0.5, 0.2, 1.5), direction=(0.6, -0.8, 0.0), hit=(1.4, -1.0, 1.5))


def test_every_pointing_arm_has_a_pose_along_its_ray_and_an_arrow(peer, outputs):
    heard = peer.listen(PoseStamped, "pointing", 50)
    peer.wait(lambda: peer.node.count_subscribers("pointing"), "subscription")
    peer.spin(0.3)
    back = Ray(origin=(0.0, 0.0, 1.0), direction=(1.0, 0.0, 0.0), hit=None)  # -x in optical axes
    said = result(
        person("3", states=(HeldState("pointing_left", 12.0, RAY),)),
        person("4"),
        person("5", states=(HeldState("standing", 12.0), HeldState("pointing_right", 13.0, back))),
    )
    outputs.publish(said, None)
    peer.wait(lambda: len(heard) == 2, "two poses")
    for pose, ray in zip(heard, (RAY, back), strict=True):
        assert pose.header == HEADER
        place, q = pose.pose.position, pose.pose.orientation
        np.testing.assert_allclose([place.x, place.y, place.z], FRAMES.to_published(ray.origin))
        along = quat2mat([q.w, q.x, q.y, q.z])[:, 0]
        np.testing.assert_allclose(along, FRAMES.to_published(ray.direction), atol=1e-9)
    first, second = (
        marker for marker in markers(said.state, HEADER, FRAMES.to_published).markers if marker.ns == "pointing"
    )
    assert first.type == Marker.ARROW and first.id != second.id
    for marker, ray, end in ((first, RAY, RAY.hit), (second, back, (2.0, 0.0, 1.0))):
        ends = [[point.x, point.y, point.z] for point in marker.points]
        np.testing.assert_allclose(ends, [FRAMES.to_published(ray.origin), FRAMES.to_published(end)])


def test_markers_show_bones_and_text():
    joints = standing()
    joints[JOINT_INDEX["hand_left"]] = np.nan
    array = markers(result(person("7", doing("wave"), joints=joints), person("8")).state, HEADER, FRAMES.to_published)
    figure, text, *_, last = array.markers
    assert (figure.type, text.type) == (Marker.LINE_LIST, Marker.TEXT_VIEW_FACING)
    touching = sum("hand_left" in (name, parent) for name, parent in _bones())
    assert len(figure.points) == 2 * (24 - touching)
    assert text.text == "7: wave 0.90 1.5 s"
    assert (figure.color, array.markers[2].color) == (colour_of("wave"), NOTHING)
    assert colour_of("wave") != colour_of("clap")
    assert last.text == "8"
    assert len({(marker.ns, marker.id) for marker in array.markers}) == 4
    assert all(marker.header == HEADER and marker.lifetime.nanosec > 0 for marker in array.markers)
    assert text.pose.position.y < -0.7  # above the head, where y of the camera points down


def test_an_action_that_may_be_one_is_paler_and_its_time_is_not_below_zero():
    unsure = doing("wave", active=False, onset=20.5)  # of somebody else's newer frame
    figure, text = markers(result(person("7", unsure)).state, HEADER, FRAMES.to_published).markers
    assert (figure.color.r, figure.color.a) == (colour_of("wave").r, CANDIDATE)
    assert colour_of("wave").a == ACTIVE and text.text == "7: wave 0.90 0.0 s"


def _bones():
    names = list(JOINT_INDEX)
    return [(name, names[parent]) for name, parent in zip(names, PARENTS, strict=True) if name != names[parent]]


def test_nobody_and_nothing_valid_give_no_markers():
    unseen = person("7", joints=np.full((25, 3), np.nan))
    assert markers(result(unseen).state, HEADER, FRAMES.to_published).markers == []
    in_picture = dataclasses.replace(result(person("7", doing("wave"))).state, flat=True)
    assert markers(in_picture, HEADER, FRAMES.to_published).markers == [], "nobody knows where they are"


def test_markers_are_published_for_who_looks(peer, outputs):
    heard = peer.listen(MarkerArray, "actions/markers")
    peer.wait(lambda: not outputs.publish(result(person("7")), None) and heard, "markers")
