"""When labelled segments are, compared with the recording that they belong to: another unit or file shows there."""

from __future__ import annotations

import logging
from collections.abc import Collection

from usdrl_model.errors.shown import cut
from usdrl_model.files import limits
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment

BEYOND = 1.0
"""Seconds that a label may lie outside its recording: whoever labels a video does not see when the skeletons end."""


class LabelTimes:
    """Refuses segments that are of another time than their recording, and counts those that are partly so.

    Args:
        backwards: names of recordings that are published with a segment that ends before it starts.
    """

    def __init__(self, backwards: Collection[str] = ()) -> None:
        self._backwards = backwards
        self._count, self._beyond = 0, 0.0
        self._partly: list[str] = []

    def check(self, recording: Recording) -> None:
        """Look at the segments of the next recording.

        Raises:
            ValueError: a segment is of no time, ends before it starts, or lies outside the recording.
        """
        stamps = [frame.stamp for frame in recording.frames]
        for segment in recording.segments:
            self._count += 1
            if not (abs(segment.start) < limits.LATEST and abs(segment.end) < limits.LATEST):
                raise ValueError(f"{_told(recording, segment)}: expected seconds")
            if segment.end < segment.start and recording.name not in self._backwards:
                raise ValueError(f"{_told(recording, segment)}: it ends before it starts")
            if not stamps:
                continue
            first, last = min(stamps), max(stamps)
            if segment.start > last + BEYOND or segment.end < first - BEYOND:
                raise ValueError(
                    f"{_told(recording, segment)}: the recording is from {first:.6g} to {last:.6g} s: labels of another"
                    " file, or not in seconds of its stamps?"
                )
            if (beyond := max(segment.end - last, first - segment.start)) > BEYOND:
                self._beyond = max(self._beyond, beyond)
                self._partly.append(_told(recording, segment))

    def warn(self, dataset: str) -> None:
        """Say how many segments lie partly outside their recording."""
        if self._partly:
            logging.getLogger(__name__).warning(
                "%s: %d of %d segments lie partly outside their recording, by up to %.3g s (first: %s): are they in"
                " seconds of its stamps?",
                dataset, len(self._partly), self._count, self._beyond, self._partly[0],
            )  # fmt: skip


def _told(recording: Recording, segment: Segment) -> str:
    return f"{cut(recording.name)}: {cut(segment.label)} from {segment.start:.6g} to {segment.end:.6g} s"
