"""Stamps in the headers of recorded messages, which count when people are judged, beside the times of recording."""

from __future__ import annotations

import struct
from array import array
from typing import Any

import numpy as np

from usdrl_model.files.limits import LONGEST_GAP
from usdrl_ros.inputs.common import NANOSECONDS

LATE = 1.0
"""Seconds between the stamps and the times of recording from which on both are told."""
HEADER = "std_msgs/Header"


def has_header(kind: Any) -> bool:
    """Whether messages of a class begin with a header."""
    return next(iter(kind.get_fields_and_field_types().values()), "") == HEADER


class Headers:
    """The stamps of the messages of one topic, in the order of recording."""

    def __init__(self) -> None:
        self._stamps, self._recorded = array("d"), array("d")
        self._beyond = 0
        """Stamps whose nanoseconds are a second or more."""

    def add(self, data: bytes, recorded_ns: int) -> None:
        """Note a message, which is whole CDR of a type that ``has_header``, and its time of recording."""
        seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
        self._beyond += nanoseconds >= NANOSECONDS
        self._stamps.append(seconds + nanoseconds / 1e9)
        self._recorded.append(recorded_ns / 1e9)

    def told(self) -> str:
        """What is odd about the stamps, to follow the line of a topic; empty where nothing is."""
        stamps, recorded = np.array(self._stamps), np.array(self._recorded)
        if not len(stamps):
            return ""
        if not stamps.any():
            return "  header stamps are all 0"
        found = []
        first, last = stamps.min(), stamps.max()
        if max(abs(first - recorded.min()), abs(last - recorded.max())) > LATE:
            found.append(f"{first:.3f} to {last:.3f} s")
        behind = np.maximum.accumulate(stamps) - stamps
        if behind.any():
            found.append(f"{np.count_nonzero(behind)} before an earlier one, by up to {behind.max():.6g} s")
        if jumps := np.count_nonzero(np.diff(stamps) > LONGEST_GAP):
            found.append(f"{jumps} more than {LONGEST_GAP:g} s after the one before")
        if len(stamps) > 1 and not (stamps % 1.0).any() and len(np.unique(stamps)) < len(stamps) / 2:
            found.append("all in whole seconds")
        if self._beyond:
            found.append(f"{self._beyond} with nanosec of a second or more, which is refused")
        return f"  header stamps: {', '.join(found)}" if found else ""
