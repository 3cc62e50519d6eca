"""What /diagnostics and the log say of a source that makes no people."""

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402

from usdrl_model.plausibility.findings import Finding, Level  # noqa: E402
from usdrl_model.plausibility.live_check import Judgement  # noqa: E402
from usdrl_ros.diagnostics.content_report import ContentReport  # noqa: E402

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
UNITS = Finding("units", Level.ERROR, "median torso 480: millimetres? set units: mm")
LEGS = Finding("legs", Level.WARN, "people are seen from the waist up only")
NOBODY = Finding("nobody", Level.NOTE, "nobody in any frame for 9 s")


class Bench:
    def __init__(self):
        self.now, self.log = 1000.0, []
        self.report = ContentReport(lambda: self.now, warn=self.log.append)

    def hear(self, *findings, seconds=1.0):
        self.now += seconds
        begun = {finding.key: 1 for finding in findings}
        return self.report.status("/node", Judgement(self.now, findings, {"torso": "0.5 m"}, begun))


def values(status):
    return {value.key: value.value for value in status.values}


def test_people_that_look_like_people():
    bench = Bench()
    status = bench.report.status("/node", Judgement(float("-inf"), (), {}, {}))
    assert (status.name, status.level, status.message) == ("/node: content", OK, "no people checked yet")
    status = bench.hear()
    assert (status.level, status.message) == (OK, "people look like people")
    assert values(status)["torso"] == "0.5 m"
    assert not bench.log


def test_the_worst_finding_is_the_message_and_all_are_values_and_counted():
    status = Bench().hear(UNITS, LEGS)
    assert (status.level, status.message) == (ERROR, f"{UNITS.text} (and 1 more)")
    assert values(status)["finding.legs"] == LEGS.text
    assert values(status)["begun.units"] == "1"
    assert Bench().hear(LEGS).level == WARN


def test_one_warning_a_finding_until_it_was_away_for_long():
    bench = Bench()
    for _ in range(200):
        bench.hear(UNITS)
    assert bench.log == [f"content of the input (units): {UNITS.text}"]
    bench.hear(seconds=5.0)
    bench.hear(UNITS)
    assert len(bench.log) == 1
    for _ in range(70):
        bench.hear()
    bench.hear(UNITS, LEGS)
    assert len(bench.log) == 3


def test_an_empty_room_is_told_and_is_no_fault():
    bench = Bench()
    status = bench.hear(NOBODY)
    assert (status.level, status.message) == (OK, NOBODY.text)
    assert not bench.log


def test_an_old_judgement_says_nothing_of_now():
    bench = Bench()
    bench.hear(UNITS)
    judgement = Judgement(bench.now, (UNITS,), {}, {})
    bench.now += 8.0
    status = bench.report.status("/node", judgement)
    assert (status.level, status.message) == (OK, "no people to check for 8 s")
