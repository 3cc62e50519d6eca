"""Findings of the content check -> the status ``<name>: content``, and a warning when a finding begins."""

from __future__ import annotations

import math
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticStatus

from usdrl_model.errors.shown import LINE, cut
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_model.plausibility.live_check import Judgement
from usdrl_ros.diagnostics.reporting import AWAY, Lasting, status

STALE = 5.0
"""Seconds after which a judgement is out of date."""
LEVELS = {Level.NOTE: DiagnosticStatus.OK, Level.WARN: DiagnosticStatus.WARN, Level.ERROR: DiagnosticStatus.ERROR}


class ContentReport:
    """Reports the newest judgement and remembers which findings were logged; not thread-safe.

    Args:
        monotonic: seconds that never jump.
        warn: takes the text of a warning for the log.
    """

    def __init__(self, monotonic: Callable[[], float], warn: Callable[[str], object]) -> None:
        self._monotonic = monotonic
        self._warn = warn
        self._newest = -math.inf
        self._changed = monotonic()
        self._lasting = Lasting(AWAY, monotonic)

    def status(self, name: str, judgement: Judgement) -> DiagnosticStatus:
        """The status of the node ``name``; logs new findings."""
        now = self._monotonic()
        if judgement.stamp != self._newest:
            self._newest, self._changed = judgement.stamp, now
        findings = () if now - self._changed > STALE else judgement.findings
        troubles = {finding.key: finding.text for finding in findings if finding.level > Level.NOTE}
        for key in self._lasting(troubles):
            self._warn(cut(f"content of the input ({key}): {troubles[key]}", LINE))
        level = max((finding.level for finding in findings), default=Level.NOTE)
        values = {
            **judgement.measured,
            **{f"finding.{finding.key}": finding.text for finding in findings},
            **{f"begun.{key}": count for key, count in sorted(judgement.begun.items())},
        }
        return status(f"{name}: content", LEVELS[level], self._message(findings, now), values)

    def _message(self, findings: tuple[Finding, ...], now: float) -> str:
        if not math.isfinite(self._newest):
            return "no people checked yet"
        if now - self._changed > STALE:
            return f"no people to check for {now - self._changed:.0f} s"
        if not findings:
            return "people look like people"
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return findings[0].text + more
