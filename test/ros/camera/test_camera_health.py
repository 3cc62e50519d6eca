"""What the camera node says of itself, by a clock that the test moves."""

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402

from usdrl_ros.camera.health import Health, Source  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402


def test_a_camera_that_is_unplugged_is_no_failed_search():
    health = Health(lambda: 0.0, print)
    health.unplugged(ValueError("/dev/video0 has stopped: waiting for it"))
    status, _ = health.report("camera", Source(name="/dev/video0", publishers=1, device=True))
    assert status.message == "no pictures: /dev/video0 has stopped: waiting for it"


def test_what_diagnostics_say_and_advise():
    now = [100.0]
    health = Health(lambda: now[0], print)
    topic = Source(name="/image_raw", publishers=0)

    def said(source=topic):
        return health.report("camera", source)[0].message

    now[0] += 60.0
    health.activated()
    assert said(None) == "not active"
    assert said().startswith("waiting for the first picture")
    now[0] += 10.0
    assert "nobody publishes it" in said()
    assert "image_transport" in said(Source(name="/image_raw", publishers=0, other_types=("x/msg/CompressedImage",)))
    assert "still connected" in said(Source(name="0", publishers=1, device=True))
    for _ in range(5):
        now[0] += 0.5
        health.searched(0.45, 1, {})
    assert said() == "2.0 pictures/s of /image_raw"
    health.skipped()
    assert "only 2.0 pictures/s can be searched" in said()
    assert "stuck" in said(Source(name="0", publishers=1, busy=9.0))


def test_pictures_that_are_lost_on_the_way_are_told_with_the_way_out():
    now, log = [100.0], []
    health = Health(lambda: now[0], log.append)
    lossy = {"name": "/image_raw", "publishers": 1, "lost": "large messages are lost over best effort: set this"}

    def said(**more):
        return health.report("camera", Source(**(lossy | more)))

    now[0] += 1.0
    health.searched(0.05, 1, {})
    assert said()[0].level == DiagnosticStatus.OK, "the first of many"
    now[0] += 10.0
    assert said()[0].message == "no picture on /image_raw for 10 s: " + lossy["lost"]
    said()
    assert log == ["no picture on /image_raw for 10 s: " + lossy["lost"]], "once, however long it lasts"
    for _ in range(5):
        now[0] += 0.5
        health.searched(0.05, 1, {})
    status = said()[0]
    assert status.level == DiagnosticStatus.WARN
    assert status.message == ("only 2.0 pictures/s of /image_raw arrive, actions need 7.5 at least: " + lossy["lost"])
    assert said(max_rate=2.0)[0].level == DiagnosticStatus.OK, "that is all that is wanted"
    now[0] += 10.0
    health.searched(0.05, 1, {"placed.by_size": 1})
    people = said(max_rate=2.0, depth_topic="/depth", depth_lost="set that")[1]
    assert people.message == "1 in the picture, placed by their apparent size: nothing arrives on /depth: set that"
    assert log[-1] == people.message


def test_depth_that_never_comes_is_told_and_who_is_placed_without_it():
    now = [0.0]
    health = Health(lambda: now[0], print)

    def people(**placed):
        now[0] += 10.0
        health.searched(0.05, 1, {f"placed.{way}": count for way, count in placed.items()})
        source = Source(name="/image_raw", publishers=1, depth_topic="/depht", depth_off="the nearest is 0.070 s away")
        status = health.report("camera", source)[1]
        return status.level, status.message

    assert people() == (DiagnosticStatus.OK, "1 in the picture, placed by depth")
    level, text = people(by_size=3)
    assert level == DiagnosticStatus.WARN
    assert text.startswith("1 in the picture, placed by their apparent size: nothing on /depht is near the stamps")
    assert text.endswith("(the nearest is 0.070 s away): check depth_topic")
    level, text = people(by_size=3, by_size_beyond_depth=1)
    assert (level, text) == (DiagnosticStatus.OK, "1 in the picture, placed by their apparent size")
    assert people(by_size=4, by_depth=1) == (DiagnosticStatus.OK, "1 in the picture, placed by depth")


def test_depth_that_is_refused_is_not_told_as_depth_that_never_came():
    now, log = [10.0], []
    health = Health(lambda: now[0], log.append)
    health.refused(InputError("depth_size", "expected depth registered to a picture of 640 x 480, got 424 x 240"))
    health.searched(0.05, 1, {"placed.by_size": 1})
    told = health.report("camera", Source(name="/image_raw", publishers=1, depth_topic="/depth"))
    assert [status.message for status in told] == [
        "image refused (depth_size): expected depth registered to a picture of 640 x 480, got 424 x 240",
        "1 in the picture, placed by their apparent size: images of /depth are refused (depth_size, see pictures)",
    ]
    assert len(log) == 1
