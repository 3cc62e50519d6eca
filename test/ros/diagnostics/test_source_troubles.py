"""What is wrong with a source: told once in the log, and shown in /diagnostics while it lasts."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")


from helpers.health_bench import ERROR, OK, WARN, Bench, values

from usdrl_ros.diagnostics import graph_checks  # noqa: E402
from usdrl_ros.diagnostics.reporting import AWAY  # noqa: E402


def troubled(bench, seconds=3.0, delay=0.01, stamp=None, counters=None, **situation):
    """Messages with answers for a while, then what the report says of the input."""
    for _ in range(round(seconds * 10)):
        bench.hear(0.1) if stamp is None else bench.accept(stamp)
        bench.now += 0.1 if stamp is not None else 0.0
        bench.health.published(delay)
    bench.counters = dict(bench.counters) | (counters or {})
    return bench.report(**situation)[0]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"delay": -3.0}, "3.0 s ahead"),
        ({"delay": 3.0}, "3.0 s after their stamps"),
        ({"delay": 7200.0}, "differ by 7200 s"),
        ({"delay": -7200.0}, "differ by 7200 s"),
        ({"stamp": 5.0}, "carry the stamp 5.000"),
        ({"counters": {"resets": 1}}, "jumped"),
        ({"counters": {"outlier_stamps": 2}}, "far off the course"),
        ({"counters": {"second_clock_frames": 40, "clock_gap_ms": -5000}}, "two clocks 5.0 s apart"),
        ({"counters": {"people_over_limit": 9}}, "more than 20 people"),
        ({"counters": {"late_frames": 9}}, "more than look_ahead behind"),
        ({"namesakes": 2}, "2 nodes are called /node"),
        ({"rivals": 1}, "actions/state too, so that clients hear both in turn: stop the other, or give it a namespace"),
    ],
)
def test_what_is_wrong_with_a_source_is_said_once_and_shown_as_long_as_it_lasts(what, words):
    bench = Bench()
    assert troubled(bench).level == OK
    for _ in range(4):
        status = troubled(bench, **what)
        if "counters" in what:
            what = {"counters": {key: value + 1 for key, value in what["counters"].items()}}
        assert status.level == WARN
        assert words in status.message
    assert len([line for line in bench.log if words in line]) == 1
    for _ in range(3):
        status = troubled(bench)
    assert (status.level, len(bench.log)) == (OK, 1)
    bench.hear(AWAY)
    troubled(bench, **what)
    assert len(bench.log) == 2


def test_ids_that_jump_are_told_unless_they_do_so_seldom():
    bench = Bench()
    for second in range(120):
        bench.hear(1.0)
        bench.counters["leaps_refused"] = second // 9
        assert bench.report()[0].level == OK
    told = []
    for second in range(60):
        bench.hear(1.0)
        bench.counters[("ids_swapped", "id_jumps")[second % 2]] = second // 3
        told.append("ids on /skeletons jump" in bench.report()[0].message)
    assert told.index(True) < 15 and all(told[told.index(True) :])
    bench.counters = {}
    bench.hear(6.0)
    assert bench.report()[0].level == OK, "another stream has begun"


def test_a_tracker_that_renames_people_is_told_so_and_not_to_raise_max_people():
    bench = Bench()
    for second in range(60):
        bench.hear(1.0)
        bench.counters["ids_renewed"] = second // 9
        assert bench.report()[0].level == OK, "one who comes as another goes"
    for _ in range(3):
        bench.hear(1.0)
        bench.counters["ids_renewed"] += 10
        bench.counters["people_over_limit"] = bench.counters["ids_renewed"]
        message = bench.report()[0].message
    assert "new ids on /skeletons where somebody already was (36 times so far)" in message
    assert "set ids:=own" in message and "max_people" not in message


def test_messages_in_several_frames_are_one_only_for_tf():
    bench = Bench()
    for number in range(100):
        bench.now += 0.1
        bench.accept(bench.now, ("left_camera", "right\ncamera")[number % 2])
    for _ in range(2):
        status = bench.report()[0]
        assert status.level == WARN
        assert "several frames (left_camera, right\\ncamera)" in status.message
        assert len(bench.log) == 1
    assert bench.report(placed_by_tf=True)[0].level == OK
    bench.hear(6.0)
    bench.accept(bench.now, "")
    assert "several frames ((no name), camera)" in bench.report()[0].message
    bench.hear(6.0)
    assert bench.report()[0].level == OK, "a tracker that has changed its frame is one tracker"
    bench.accept(bench.now, "", people=())
    assert bench.report()[0].level == OK, "nobody is in no frame"


def test_a_warning_that_comes_again_and_again_is_shown_while_it_does():
    bench = Bench()
    bench.health.warned("no_place", "landmarks are centred on the hips")
    bench.hear(1.0)
    assert bench.report()[0].level == OK, "a hint at the start is no problem"
    for number in range(10):
        bench.health.warned("robot_skeleton", f"got none for {number}.0 s")
        bench.hear(0.2)
    status = bench.report()[0]
    assert (status.level, status.message) == (WARN, "got none for 9.0 s")
    assert values(status)["warned.robot_skeleton"] == "10"
    assert len(bench.log) == 2
    bench.hear(6.0)
    assert bench.report()[0].level == OK


def test_a_latency_is_only_told_where_the_clocks_agree():
    bench = Bench()
    assert bench.health.published(-3.0) is None
    assert bench.health.published(-0.1) == pytest.approx(-100.0)
    assert bench.health.published(4.0) == pytest.approx(4000.0)


def test_several_troubles_are_all_told():
    bench = Bench()
    status = troubled(bench, delay=-3.0, counters={"resets": 1}, namesakes=3)
    assert all(words in status.message for words in ("ahead", "jumped", "3 nodes"))


def test_a_slow_tracker_is_told_by_its_stamps():
    bench = Bench()
    bench.hear(seconds=5.0, rate=5.0)
    source, _ = bench.report()
    assert source.level == WARN and "only 5.0 frames/s" in source.message
    bench.hear(seconds=5.0, rate=10.0)
    assert bench.report()[0].level == OK


def test_stamps_in_whole_seconds_are_told_as_such():
    bench = Bench()
    for _ in range(360):
        bench.now += 1 / 30
        bench.accept(float(int(bench.now)))
    told = bench.report()[0].message
    assert "only 1.0 frames/s by their stamps" in told
    assert "all stamps are whole seconds: does the tracker set header.stamp.nanosec?" in told


def test_a_tracker_of_just_the_rate_that_is_needed_is_not_slow():
    bench, rng = Bench(), np.random.default_rng(0)
    for _ in range(300):
        bench.now += 1 / 7.5
        bench.accept(bench.now + rng.normal(scale=0.002))
        assert bench.report()[0].level == OK


@pytest.mark.parametrize("ahead", [-7.0, -0.3, 7.0])
def test_two_clocks_make_no_slow_tracker(ahead):
    bench = Bench()
    for _ in range(100):
        bench.now += 1 / 30
        bench.accept(bench.now)
        bench.accept(bench.now + ahead)
        assert "frames/s" not in bench.report()[0].message


def test_a_limit_of_people_that_was_raised_is_told_no_more():
    bench = Bench()
    assert troubled(bench, max_people=1).level == OK
    assert "more than 1 people" in troubled(bench, max_people=1, counters={"people_over_limit": 9}).message
    bench.counters["people_over_limit"] += 1
    assert bench.report(max_people=20)[0].level == OK
    assert "more than 20 people" in troubled(bench, max_people=20, counters={"people_over_limit": 11}).message


def test_a_topic_that_nobody_publishes_is_told_with_those_that_may_be_meant():
    bench = Bench()
    bench.now += 6.0
    others = (("/azure/body_tracking_data", "visualization_msgs/msg/MarkerArray"),)
    source, _ = bench.report(publishers=0, candidates=others)
    assert source.level == WARN and "/azure/body_tracking_data (marker_array)" in source.message


def test_what_is_only_subscribed_to_is_no_candidate():
    topics = [(name, ["sensor_msgs/msg/PointCloud2"]) for name in ("/skeletons", "/bodies")]
    assert graph_checks.candidates(topics, {"/bodies": 1}.get) == [("/bodies", "sensor_msgs/msg/PointCloud2")]


def test_another_type_is_told_with_the_adapter_that_reads_it():
    bench = Bench()
    source, _ = bench.report(publishers=0, other_types=("geometry_msgs/msg/PoseArray", "my_msgs/msg/Bodies"))
    assert source.level == ERROR and "set the parameter input_type to pose_array" in source.message


ONLY = {
    "/tf": ("tf2_msgs/msg/TFMessage", None),
    "/camera/depth/points": ("sensor_msgs/msg/PointCloud2", None),
    "/camera/bodies": ("sensor_msgs/msg/PointCloud2", "/camera/bodies"),
    "/humans/tracked": ("hri_msgs/msg/IdsList", "/humans/tracked"),
    "/zed/objects": ("zed_msgs/msg/ObjectsStamped", "/zed/objects"),
}


@pytest.mark.parametrize("topic", ONLY)
def test_a_topic_that_robots_have_anyway_is_named_and_not_to_be_set(topic):
    kind, set_to = ONLY[topic]
    finding = graph_checks.nobody_publishes("/skeletons", [(topic, kind)])
    assert topic in finding.text and finding.change == (set_to and ("topic", set_to))


def test_of_all_topics_of_yolo_ros_those_in_space_come_first():
    topics = [
        (f"/yolo/{name}", ["yolo_msgs/msg/DetectionArray"]) for name in ("detections", "detections_3d", "tracking")
    ]
    found = graph_checks.candidates(topics, lambda topic: True)
    assert found[0][0] == "/yolo/detections_3d"
    assert graph_checks.nobody_publishes("/skeletons", found).change == ("topic", "/yolo/detections_3d")
