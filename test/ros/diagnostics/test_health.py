"""What /diagnostics says, and when."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402

from usdrl_model.errors.shown import MESSAGE  # noqa: E402
from usdrl_model.skeleton.person import SkeletonFrame  # noqa: E402
from usdrl_ros.diagnostics import graph_checks  # noqa: E402
from usdrl_ros.diagnostics.health import Health, Situation  # noqa: E402
from usdrl_ros.diagnostics.reporting import AWAY, Warnings  # noqa: E402
from usdrl_ros.inputs.common import (  # noqa: E402
    InputError,
    SourceFrame,
    ros_time,  # noqa: E402
)

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class Bench:
    def __init__(self):
        self.now, self.log, self.counters = 1000.0, [], {}
        self.health = Health(lambda: self.now, warn=self.log.append)

    def report(self, **situation):
        facts = {
            "topic": "/skeletons",
            "publishers": 1,
            "other_types": (),
            "expected_type": "sensor_msgs/msg/PointCloud2",
            "clock_silent": False,
            "max_rate": 10.0,
            "stream_counters": self.counters,
            "model": {"device": "cpu"},
        }
        return self.health.report("/node", Situation(**(facts | situation)))

    def hear(self, seconds=1.0, rate=30.0):
        for _ in range(round(seconds * rate)):
            self.now += 1 / rate
            self.accept(self.now)

    def accept(self, stamp, frame_id="camera"):
        self.health.accepted(self.now, SourceFrame(SkeletonFrame(stamp), ros_time(stamp), frame_id))


def values(status):
    return {value.key: value.value for value in status.values}


def test_a_healthy_source():
    bench = Bench()
    bench.hear()
    for latency in (0.01, 0.02, 0.5):
        bench.health.inferred(latency)
        assert bench.health.published(latency) == pytest.approx(latency * 1e3)
    source, inference = bench.report()
    assert (source.name, source.level) == ("/node: input", OK)
    assert values(source)["rate"] == "30.0 Hz"
    assert values(source)["age of last message"] == "0.0 s"
    assert (inference.name, inference.level) == ("/node: inference", OK)
    assert values(inference)["inference p50"] == "20.0 ms"
    assert values(inference)["stamp to publish p95"] == "452.0 ms"
    assert values(inference)["device"] == "cpu"


def test_silence_names_the_topic_and_the_time():
    bench = Bench()
    assert bench.report()[0].level == OK
    bench.now += 12.0
    status = bench.report(publishers=0)[0]
    assert (status.level, status.message) == (
        WARN,
        "no message for 12 s: nobody publishes /skeletons: check its name, and that the tracker runs in this"
        " ROS_DOMAIN_ID",
    )
    bench.hear()
    bench.now += 7.0
    assert bench.report()[0].message == "no message on /skeletons for 7 s: check that the tracker runs"
    assert values(bench.report()[0])["rate"] == "0.0 Hz"


def test_refusals_are_counted_by_kind_and_fade():
    bench = Bench()
    for kind in ("layout", "layout", "zero_stamp"):
        bench.health.rejected(InputError(kind, f"expected less {kind}"))
    status = bench.report()[0]
    assert (status.level, values(status)["refused.layout"], values(status)["messages refused"]) == (ERROR, "2", "3")
    assert "expected less zero_stamp" in status.message
    bench.hear()
    assert bench.report()[0].level == WARN
    bench.hear(seconds=6.0)
    status = bench.report()[0]
    assert (status.level, values(status)["refused.layout"]) == (OK, "2")
    assert len(bench.log) == 2


@pytest.mark.parametrize(
    ("situation", "level", "advice"),
    [
        ({"clock_silent": True}, WARN, "/clock"),
        ({"other_types": ("std_msgs/msg/String",)}, ERROR, "input_type"),
    ],
)
def test_a_source_that_cannot_be_heard(situation, level, advice):
    status = Bench().report(**situation)[0]
    assert status.level == level
    assert advice in status.message


def test_incompatible_quality_of_service():
    bench = Bench()
    bench.health.incompatible_qos("reliability")
    status = bench.report()[0]
    assert (status.level, values(status)["incompatible_qos.reliability"]) == (ERROR, "1")
    assert "qos_overrides./skeletons.subscription" in status.message
    bench.hear()
    assert bench.report()[0].level == OK  # another publisher fits


def test_two_clocks_are_no_latency():
    bench = Bench()
    bench.hear()
    assert bench.health.published(3.0e8) is None
    source, inference = bench.report()
    assert source.level == WARN
    assert "use_sim_time" in source.message
    assert values(inference)["stamp to publish p50"] == "-"


def test_a_machine_that_is_too_slow():
    bench = Bench()
    assert infer(bench, served=10, skipped=3, seconds=0.12).level == OK
    status = infer(bench, served=2, skipped=8, seconds=0.3)
    assert status.level == WARN
    assert "lower max_rate" in status.message
    bench.health.dropped()
    assert "dropped" in bench.report()[1].message
    bench.hear(seconds=6.0)
    assert bench.report()[1].level == OK


def infer(bench, served, skipped, seconds):
    """Inferences of so many seconds each while slots are skipped, and what the report says then."""
    for _ in range(served):
        bench.health.inferred(seconds)
    bench.counters["skipped_slots"] = bench.counters.get("skipped_slots", 0) + skipped
    return bench.report()[1]


def test_messages_in_bursts_are_no_slow_machine():
    bench = Bench()
    for second in range(10):
        for _ in range(2):
            bench.now += 0.5
            for frame in range(8):
                bench.accept(bench.now + frame / 16)
        status = infer(bench, served=3 + second % 4, skipped=5, seconds=0.005)
        if second >= 2:
            assert (status.level, "in bursts, with pauses of 0.5 s" in status.message) == (WARN, True)
    bench.hear(seconds=6.0)
    assert infer(bench, served=10, skipped=0, seconds=0.005).level == OK


def test_a_hiccup_is_no_slow_machine_whether_or_not_anybody_is_there():
    bench = Bench()
    for _ in range(5):
        bench.hear(1.0)
        bench.now += 0.4
        assert infer(bench, served=7, skipped=4, seconds=0.0).level == OK
    bench.now += 3.0
    bench.hear(0.3)
    assert infer(bench, served=1, skipped=30, seconds=0.005).level == OK, "suspended once"


def test_slots_that_other_programs_take_are_told_when_it_lasts():
    bench = Bench()
    levels = []
    for _ in range(5):
        bench.hear(1.0)
        levels.append(infer(bench, served=3, skipped=7, seconds=0.04).level)
    assert levels == [OK, OK, WARN, WARN, WARN]
    assert "reading messages, or other programs" in bench.report()[1].message


def test_counters_that_begin_anew_are_no_slow_machine():
    bench = Bench()
    infer(bench, served=10, skipped=100, seconds=0.01)
    bench.counters = {"skipped_slots": 0}
    assert infer(bench, served=10, skipped=2, seconds=0.01).level == OK
    assert infer(bench, served=2, skipped=8, seconds=0.3).level == WARN


def test_failures_are_errors_until_they_stop():
    bench = Bench()
    bench.health.failed(RuntimeError("out of memory"))
    status = bench.report()[1]
    assert (status.level, values(status)["failures"]) == (ERROR, "1")
    assert "RuntimeError: out of memory" in status.message
    bench.now += 6.0
    assert bench.report()[1].level == OK


def test_an_inference_that_does_not_end_is_an_error():
    status = Bench().report(stuck=3.0)[1]
    assert status.level == ERROR
    assert "running for 3.0 s" in status.message


def test_an_inactive_node_says_so_and_why():
    (status,) = Bench().health.report("/node", None)
    assert (status.level, status.message) == (OK, "not active")
    (status,) = Bench().health.report("/node", None, fault="given up")
    assert (status.level, status.message) == (ERROR, "not active: given up")


def test_the_log_is_throttled_kind_by_kind():
    now = 0.0
    logged: list[str] = []
    log = Warnings(logged.append, lambda: now)
    log("a", "first")
    log("a", "second")
    log("b", "other")
    now = 5.0
    log("a", "third")
    now = 10.0
    log("a", "fourth")
    assert logged == ["first", "other", "third (1 more like this since the last warning)", "fourth"]


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
    assert bench.report()[0].level == OK, "a tracker that has changed its frame is one tracker"


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


def test_foreign_texts_are_cut_and_escaped_wherever_they_go():
    bench = Bench()
    hostile = "x\n[INFO] all is well\x1b[2J" + "y" * 2_000_000
    bench.health.rejected(InputError("layout", hostile))
    bench.health.failed(RuntimeError(hostile))
    bench.health.incompatible_qos(hostile)
    statuses = bench.report(topic=hostile, other_types=(hostile,), model={"weights": hostile})
    texts = [status.message for status in statuses]
    texts += [text for status in statuses for value in status.values for text in (value.key, value.value)]
    assert all(text.isprintable() and len(text) < 2 * MESSAGE for text in [*texts, *bench.log])
    assert len(bench.log) == 3


def test_a_slow_tracker_is_told_by_its_stamps():
    bench = Bench()
    bench.hear(seconds=5.0, rate=5.0)
    source, _ = bench.report()
    assert source.level == WARN and "only 5.0 frames/s" in source.message
    bench.hear(seconds=5.0, rate=10.0)
    assert bench.report()[0].level == OK


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
