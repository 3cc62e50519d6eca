"""When labelled segments are, compared with the recording that they belong to: another unit or file shows there."""

from __future__ import annotations

import logging

from usdrl_model.errors.shown import cut
from usdrl_model.files import limits
from usdrl_model.skeleton.recording import Recording

BEYOND = 1.0
"""Seconds that a label may lie outside its recording: whoever labels a video does not see when the skeletons end."""


class LabelTimes:
    """Counts the segments that are of another time than their recording: published sets have some."""

    def __init__(self) -> None:
        self._segments, self._odd, self._first = 0, 0, ""

    def check(self, recording: Recording) -> None:
        """Look at the segments of the next recording.

        Raises:
            ValueError: a segment is of no time.
        """
        stamps = [frame.stamp for frame in recording.frames]
        self._segments += len(recording.segments)
        for segment in recording.segments:
            told = f"{cut(recording.name)}: {cut(segment.label)} from {segment.start:.6g} to {segment.end:.6g} s"
            if not (abs(segment.start) < limits.LATEST and abs(segment.end) < limits.LATEST):
                raise ValueError(f"{told}: expected seconds")
            if not stamps:
                continue
            first, last = min(stamps), max(stamps)
            if not first - BEYOND <= segment.start <= segment.end <= last + BEYOND:
                self._odd += 1
                self._first = self._first or f"{told} of {first:.6g} to {last:.6g} s"

    def warn(self, dataset: str) -> None:
        """Say how many segments are odd."""
        if self._odd:
            logging.getLogger(__name__).warning(
                "%s: %d of %d segments go beyond their recording, or end before they start (first: %s): are they of"
                " these files, and in seconds of their stamps?",
                dataset, self._odd, self._segments, self._first,
            )  # fmt: skip
