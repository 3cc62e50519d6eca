"""A bag with its truth, decoded, and what the pipeline made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usdrl_model.data.content_check import Verdict
from usdrl_model.events.onset_offset import Event
from usdrl_model.online.rising_frames import believed, repeated
from usdrl_model.plausibility.findings import Finding
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.bags import labels_fit
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import Truth

REPEATS = 0.1
"""Share of frames that may have the stamp of an earlier one: some trackers repeat a message now and then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledBag:
    """A bag with its truth, decoded."""

    path: Path
    truth: Truth
    """Of the ids in ``frames``, where these and the labels have one person each."""
    called: str = ""
    """What the file of the labels calls that person; empty where it is the id, or where there are several."""
    input_type: str
    """Name of an input adapter."""
    person_id: str
    """Id of the person in messages without ids."""
    frames: tuple[SkeletonFrame, ...]
    """Canonical joints, in the order of the messages."""
    recorded_ns: tuple[int, ...]
    """Time of recording of every frame, nanoseconds."""
    findings: tuple[Finding, ...]
    """Findings of the content check, see ``usdrl_model.plausibility.findings``."""
    refused: dict[str, int]
    """Refused messages: reason -> count."""
    further_topics: tuple[str, ...] = ()
    """Topics that the adapter reads beside its main one."""
    troubles: tuple[str, ...] = ()
    """Problems of the bag, see ``BagReader.troubles``, and gaps in its time."""
    damaged: bool = False
    """Messages may be missing: the bag itself has troubles."""

    @property
    def name(self) -> str:
        """The name of the bag's folder."""
        return self.path.resolve().name

    @property
    def duration(self) -> float:
        """Seconds from the first to the last stamp, without jumps of the clock."""
        return recording_gaps.seconds(np.sort([frame.stamp for frame in self.frames]))

    def time(self) -> recording_gaps.Shortened:
        """The time axis for pictures, with long gaps shortened."""
        return recording_gaps.Shortened([frame.stamp for frame in self.frames])

    def check_one_topic(self) -> None:
        """Raise BagError where its skeletons come from several topics, of which one is played live."""
        if self.further_topics:
            raise BagError(
                f"{self.path}: input_type {self.input_type} reads {', '.join(self.further_topics)} as well, and one"
                " topic is played live: evaluate it offline (usdrl-evaluate-bag without --live)"
            )

    def judgement(self) -> list[str]:
        """Whether people look like people, and ``warnings``: lines for who reads it."""
        return [Verdict.of([self.findings]).line(), *self.warnings()]

    def warnings(self) -> list[str]:
        """Problems other than ``findings``, one line each."""
        found = list(self.troubles)
        stamps = np.array([frame.stamp for frame in self.frames])
        behind = np.maximum.accumulate(stamps) - stamps
        if behind.any():
            found.append(
                f"{np.count_nonzero(behind)} of {len(stamps)} frames are stamped before an earlier one, by up to"
                f" {behind.max():.6g} s: a clock was set back, or stamps are wrong"
            )
        if left_out := len(stamps) - len(believed(self.frames)):
            found.append(
                f"a store leaves out {left_out} of {len(stamps)} frames: their stamps are outliers, or before an"
                " earlier one"
            )
        if (repeats := repeated(self.frames)) > REPEATS * len(stamps):
            whole = ": stamps in whole seconds?" if not (stamps % 1.0).any() else ""
            found.append(
                f"{repeats} of {len(stamps)} frames have the stamp of an earlier one with the same people, and count"
                f" nowhere{whole}"
            )
        if self.refused:
            reasons = ", ".join(f"{reason} {count}" for reason, count in self.refused.items())
            found.append(f"{sum(self.refused.values())} messages were refused: {reasons}")
        return [*found, *labels_fit.warnings(self.truth.segments, stamps.tolist(), self.presence())]

    def check_labels(self, *, some: bool = False) -> None:
        """Raise BagError where all of its labels, or with ``some`` any of them, are of another time.

        Those of a damaged bag may be of what is missing.
        """
        if self.damaged:
            return
        stamps = [frame.stamp for frame in self.frames]
        strange = labels_fit.elsewhen(self.truth.segments, stamps)
        if strange and (some or len(strange) == len(self.truth.segments)):
            raise BagError(f"{self.path}: {labels_fit.outside(self.truth.segments, stamps)}: expected header stamps")

    def presence(self) -> dict[str, np.ndarray]:
        """Person -> (T,) stamps of all messages with this person, repeated stamps included."""
        stamps: dict[str, list[float]] = {}
        for frame in self.frames:
            for person in frame.people:
                stamps.setdefault(person.id, []).append(frame.stamp)
        return {person: np.array(seen) for person, seen in stamps.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class BagRun:
    """Result of the pipeline on a bag."""

    bag: LabelledBag
    events: tuple[Event, ...]
    counters: dict[str, int]
    """As ``ActionStream.counters``, of this bag only."""
    latencies: tuple[float, ...] = ()
    """Seconds from publishing a message to receiving the state inferred on it; live only."""
    lost_messages: int = 0
    """Published messages that did not reach the pipeline; live only."""
