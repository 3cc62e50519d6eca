"""What does a frame cost a streaming detector, beside one of windows, and do its two forms agree?

    python benchmarks/streaming.py                                    # hri beside hri_streaming
    python benchmarks/streaming.py --windowed hri --streaming runs/streaming/calibrated --minutes 10

Cost: processor time of ``ActionStream`` on one thread, from a message in canonical joints to events, for simulated
people at 30 Hz who are judged ten times a second; the two detectors take turns. Agreement: simulated minutes of people
who come and go, with irregular stamps, gaps and hidden joints; every score of the stream against one pass over the
frames that it took. docs/streaming.md holds what came out.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import time
from collections.abc import Iterator

import numpy as np
import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.files import markdown
from usdrl_model.inference import in_torch, load
from usdrl_model.online.incremental import Incremental
from usdrl_model.online.stream import ActionStream
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.simulation.faults import random_faults
from usdrl_model.simulation.script import random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.training.performers import performances

PEOPLE = (1, 2, 6, 20)
SECONDS = 20.0
"""Simulated, of which costs are measured."""
ROUNDS = 3
TOPOLOGY = "kinect_v2_25"


def crowd(count: int, seconds: float, seed: int = 0) -> list[SkeletonFrame]:
    """Frames of ``count`` people at 30 Hz, in rows of five, three metres apart, so that all are within range."""
    rng = np.random.default_rng(seed)
    acts = [
        simulate(PerformanceConfig(scripts=(random_script(rng, seconds),), faults=random_faults(rng)), seed=one).frames
        for one in range(count)
    ]
    frames = []
    for moment in zip(*acts, strict=False):
        people = [
            dataclasses.replace(
                person, id=str(place), joints=person.joints + [3.0 * (place % 5), 0.0, 3.0 * (place // 5)]
            )
            for place, frame in enumerate(moment)
            for person in frame.people[:1]
        ]
        frames.append(SkeletonFrame(moment[0].stamp, tuple(people)))
    return frames


def seconds_of(weights: LoadedDetector, frames: list[SkeletonFrame]) -> tuple[float, float]:
    """Processor seconds of inferences, and of all, a grid frame."""
    stream = ActionStream(weights, topology=TOPOLOGY)
    stream.warm_up()
    inside, begin = 0.0, time.process_time()
    for frame in frames:
        if stream.add(frame):
            started = time.process_time()
            stream.infer()
            inside += time.process_time() - started
    count = max(stream.counters["inferences"], 1)
    return inside / count, (time.process_time() - begin) / count


def costs(windowed: LoadedDetector, streaming: LoadedDetector) -> str:
    """The table of milliseconds; the median of some rounds."""
    rows = []
    for count in PEOPLE:
        frames = crowd(count, SECONDS)
        taken = np.array([[seconds_of(one, frames) for one in (windowed, streaming)] for _ in range(ROUNDS)])
        (window, whole), (step, stepped) = 1e3 * np.median(taken, axis=0)
        numbers = (window, step, window / step, window / count, step / count, whole, stepped)
        rows.append([count, *(f"{number:.2f}" for number in numbers)])
    head = ["people", "windows, ms a frame", "streaming", "ratio", "windows, a person", "streaming, a person",
            "with tracks, windows", "with tracks, streaming"]  # fmt: skip
    return markdown.table(head, rows)


def comings_and_goings(minutes: int) -> Iterator[SkeletonFrame]:
    """Simulated people one after another and together, at 8 to 30 Hz, with gaps of stamps and of people."""
    rng = np.random.default_rng(1)
    for minute, recording in enumerate(performances(minutes, 1)):
        there = True
        for frame in recording.frames:
            there ^= rng.random() < 0.004
            if rng.random() < 0.95:
                seen = [Person(f"{minute % 3}-{one.id}", _kinect(one, rng)) for one in frame.people if there]
                yield SkeletonFrame(1000.0 + 60.5 * minute + frame.stamp - recording.frames[0].stamp, tuple(seen))


def _kinect(person: Person, rng: np.random.Generator) -> np.ndarray:
    """Its first joints as if they were of the usual sensor, some of them hidden: only numbers are compared."""
    joints = np.full((25, 3), np.nan)
    joints[: min(25, len(person.joints))] = person.joints[:25]
    joints[rng.random(25) < rng.choice([0.0, 0.0, 0.3])] = np.nan
    return joints


class Kept(Incremental):
    """Steps, and what they took and said."""

    def __init__(self, weights: LoadedDetector) -> None:
        super().__init__(weights)
        self.tracks: list[tuple[TrackedPerson, list[np.ndarray], list[np.ndarray]]] = []

    def _step(self, people: list[TrackedPerson], count: int) -> None:  # type: ignore[override]
        for person in people:
            if person.ring is None:
                self.tracks.append((person, [], []))
            joints, mask = person.track.window(count, person.track.newest or 0)
            self._of(person)[1].extend(np.where(mask[:, :, None], joints, np.float32(np.nan)))
        super()._step(people, count)
        for person in people:
            last = person.timeline.newest or 0
            self._of(person)[2].extend(person.timeline.posterior(last - count + 1, last))

    def _of(self, person: TrackedPerson) -> tuple[TrackedPerson, list[np.ndarray], list[np.ndarray]]:
        return next(track for track in reversed(self.tracks) if track[0] is person)


def agreement(weights: LoadedDetector, minutes: int) -> str:
    """The largest difference between the steps of a stream and one pass over each track."""
    config = dataclasses.replace(weights.config.stream, smoothing=0.0)
    stream = ActionStream(weights, topology=TOPOLOGY, config=config)
    stream._incremental = kept = Kept(weights)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for frame in comings_and_goings(minutes):
        stream.push(frame)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    network = detector_file.load(weights.path, "cpu").trained
    worst, frames = 0.0, 0
    for _, taken, said in kept.tracks:
        with torch.inference_mode():
            whole = network.advance(torch.from_numpy(np.stack(taken))[None], torch.from_numpy(kept._empty[None]))[
                0
            ].softmax(dim=2)
        known = ~np.isnan(told := np.stack(said))[:, 0]
        worst = max(worst, float(np.abs(whole[0].numpy() - told)[known].max(initial=0.0)))
        frames += int(known.sum())
    return (
        f"{minutes} simulated minutes, {len(kept.tracks)} tracks, {frames} frames: largest difference of a probability"
        f" {worst:.1e}; the peak of memory grew by {grown / 1024:.0f} MB, with all that was kept to compare"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windowed", default="hri", help="detector of windows")
    parser.add_argument("--streaming", default="hri_streaming", help="streaming detector")
    parser.add_argument("--minutes", type=int, default=10, help="simulated minutes of the agreement; 0: none")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    streaming = in_torch.accelerate(detector_file.load(arguments.streaming, "cpu"))
    if arguments.minutes:
        print(agreement(streaming, arguments.minutes))
    print(costs(load.load(arguments.windowed, "cpu"), streaming))


if __name__ == "__main__":
    main()
