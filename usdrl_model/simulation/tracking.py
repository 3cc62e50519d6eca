"""What a tracker makes of people who move: its joint set, its rate and its faults.

Whoever moves, alone or with another, is given as joints at any time; the recording has the frames and the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from usdrl_model.simulation.faults import TrackerFaults, degrade, spells
from usdrl_model.simulation.trackers import sampling_matrix
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import topology

SENSOR_HEIGHT = (0.8, 1.6)
"""Range of the height over the floor, metres."""
SHORTEST_PIECE = 0.25
"""Seconds. Segments that a change of id leaves shorter than this are dropped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tracking:
    """The tracker of a simulated recording."""

    rate: float = 30.0
    """Frames a second, 5 to 120."""
    topology: str = "kinect_v2_25"
    """Joint set of the frames."""
    faults: TrackerFaults = field(default_factory=TrackerFaults)
    start: float = 0.0
    """Stamp of the first frame, seconds."""

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if not 5.0 <= self.rate <= 120.0:
            raise ValueError(f"expected a rate of 5 to 120 frames a second, got {self.rate}")
        if not math.isfinite(self.start):
            raise ValueError(f"expected a finite start in seconds, got {self.start}")
        sampling_matrix(self.topology)


def track(
    config: Tracking, seed: int, seconds: float, *, labels: tuple[str, ...], truth: Sequence[Sequence[Segment]],
    joints: Callable[[np.ndarray], Sequence[np.ndarray]],
) -> Recording:  # fmt: skip
    """See people with a tracker.

    The ids of people are "1", "2", ... A person who returns under a new id after a loss gets the next free number, and
    ``Segment.person`` is always the id in the frames of that time.

    Args:
        config: the tracker.
        seed: of its faults.
        seconds: length of the recording.
        labels: of the recording.
        truth: what each person does, with stamps; the ids in it are not read.
        joints: (T,) rising times -> of each person (T, 30, 3) ``BODY_POINTS``, the floor at height 0.
    """
    rng = np.random.default_rng(seed)
    sensor = np.array([0.0, rng.uniform(*SENSOR_HEIGHT), 0.0])
    times, stamps = _clock(rng, config, seconds)
    matrix, names = sampling_matrix(config.topology), topology(config.topology).joints

    shown: list[list[Person]] = [[] for _ in times]
    segments: list[Segment] = []
    next_id = len(truth) + 1
    for index, (points, told) in enumerate(zip(joints(times), truth, strict=True)):
        seen, confidence = degrade(rng, config.faults, times, matrix @ (points - sensor), names)
        visits, next_id = _visits(rng, config, times, str(index + 1), next_id)
        for person, begin, end in visits:
            for frame in range(*np.searchsorted(times, [begin, end])):
                shown[frame].append(Person(person, seen[frame], confidence[frame]))
        segments += _seen(told, visits, config.start)

    frames = tuple(SkeletonFrame(float(stamp), tuple(people)) for stamp, people in zip(stamps, shown, strict=True))
    return Recording(
        name=f"performer_{seed}",
        topology=config.topology,
        frames=frames,
        segments=tuple(sorted(segments, key=lambda segment: (segment.start, segment.person))),
        labels=labels,
        subject=f"performer_{seed}",
    )


def _clock(rng: np.random.Generator, config: Tracking, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """(T,) true times of the frames and (T,) their stamps."""
    times = np.arange(round(seconds * config.rate) + 1) / config.rate
    times = times[rng.random(len(times)) >= config.faults.frame_loss]
    # An error of more than half a frame would reverse stamps.
    error = np.clip(config.faults.stamp_jitter * rng.normal(size=len(times)), -0.45 / config.rate, 0.45 / config.rate)
    return times, config.start + np.maximum(times + error, 0.0)


def _visits(
    rng: np.random.Generator, config: Tracking, times: np.ndarray, person: str, next_id: int
) -> tuple[list[tuple[str, float, float]], int]:
    """Intervals in which the person is seen: (id, start, end); and the next free id."""
    faults = config.faults
    visits = []
    begin = 0.0
    for lost, found in spells(rng, times, faults.person_loss, faults.loss_seconds):
        if lost <= begin:
            continue
        visits.append((person, begin, lost))
        begin = found
        if rng.random() < faults.new_id:
            person, next_id = str(next_id), next_id + 1
    visits.append((person, begin, np.inf))
    # Between two losses there may be no frame; nobody was seen then.
    return [visit for visit in visits if np.any((times >= visit[1]) & (times < visit[2]))], next_id


def _seen(truth: Sequence[Segment], visits: list[tuple[str, float, float]], start: float) -> list[Segment]:
    """Ground truth with the ids of the visits: split where the id changes, not where a loss keeps the id."""
    spans: dict[str, tuple[float, float]] = {}
    for person, begin, end in visits:
        spans[person] = (spans.get(person, (begin, end))[0], end)
    pieces = [
        Segment(person, segment.label, max(segment.start, start + begin), min(segment.end, start + end))
        for segment in truth
        for person, (begin, end) in spans.items()
    ]
    whole = {(segment.start, segment.end) for segment in truth}
    return [p for p in pieces if (p.start, p.end) in whole or p.end - p.start >= SHORTEST_PIECE]
