"""A diagnostic status whose texts may come from anybody."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from usdrl_model.errors.shown import LINE, MESSAGE, cut


def status(name: str, level: bytes, message: str, values: Mapping[str, object]) -> DiagnosticStatus:
    """The status ``name``, with everything in it cut and escaped."""
    made = DiagnosticStatus(name=name, level=level, message=cut(message, MESSAGE), hardware_id="usdrl")
    made.values = [KeyValue(key=cut(key, LINE), value=cut(value, LINE)) for key, value in values.items()]
    return made
