"""What /diagnostics says, and when."""

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")


from helpers.health_bench import ERROR, OK, WARN, Bench, values

from usdrl_model.errors.shown import MESSAGE  # noqa: E402
from usdrl_ros.diagnostics.reporting import Warnings  # noqa: E402
from usdrl_ros.inputs.common import (  # noqa: E402
    InputError,  # noqa: E402
)


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


def test_a_further_topic_of_which_nothing_arrives_is_told_once():
    bench = Bench()
    bench.hear()
    for _ in range(2):
        status = bench.report(lost=("nothing arrives on /depth: set this",))[0]
        assert (status.level, status.message) == (WARN, "nothing arrives on /depth: set this")
    assert bench.log == ["nothing arrives on /depth: set this"]


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


def test_a_publisher_that_did_not_fit_is_no_reason_for_a_later_silence():
    bench = Bench()
    bench.health.incompatible_qos("reliability")
    assert "nobody publishes /skeletons" not in bench.report()[0].message
    bench.now += 6.0
    assert "nobody publishes /skeletons" in bench.report(publishers=0)[0].message  # it has gone
    bench.hear()  # it is restarted with a quality of service that fits
    bench.now += 6.0
    status = bench.report()[0]
    assert status.message == "no message on /skeletons for 6 s: check that the tracker runs"
    assert values(status)["incompatible_qos.reliability"] == "1", "counts are since the start"


def test_what_was_before_it_listened_is_told_of_no_listening():
    bench = Bench()
    bench.now += 3600.0  # it waits to be configured
    bench.health.listen()
    assert bench.report()[0].message == "waiting for the first message on /skeletons"
    bench.hear()
    bench.health.rejected(InputError("layout", "expected less"))
    bench.health.incompatible_qos("reliability")
    bench.health.report("/node", None)
    bench.health.listen()  # to another topic
    source = bench.report(topic="/other")[0]
    assert (source.level, source.message) == (OK, "waiting for the first message on /other")
    assert (values(source)["age of last message"], values(source)["rate"]) == ("never", "0.0 Hz")
    assert values(source)["messages refused"] == "1"


def test_two_clocks_are_no_latency():
    bench = Bench()
    bench.hear()
    assert bench.health.published(3.0e8) is None
    source, inference = bench.report()
    assert source.level == WARN
    assert "use_sim_time" in source.message
    assert values(inference)["stamp to publish p50"] == "-"


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
