"""Whether a machine keeps up, and what /diagnostics says if it does not."""

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")


from helpers.health_bench import OK, WARN, Bench


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
