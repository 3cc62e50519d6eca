"""What a moving head costs when tf lags: events of the default detector on simulated people. One table.

    python benchmarks/moving_head.py

A pan-tilt head (0.5 and 0.2 rad, 0.3 Hz) carries the camera; the node places people by tf, which tells where the head
was some milliseconds ago. The same people are run with a head that stands still. docs/frames.md holds what came out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "test"))

from helpers.moving_head import Head
from helpers.tf_tree import Buffer

from usdrl_model.evaluation.predict import predict
from usdrl_model.files.markdown import table
from usdrl_model.inference import load
from usdrl_model.metrics.events import ScoredRecording, score_events
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.script import ACTIONS
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.performers import performances
from usdrl_ros.inputs.common import SourceFrame, ros_time
from usdrl_ros.inputs.coordinate_frames import Frames

SEED = 1000
"""Of people whom no training saw: those count from 0."""
START = 100.0
RATE = 50.0
"""Hz of tf."""


def people(minutes: int) -> Iterator[Recording]:
    """One a minute, in one joint set; they begin at ``START``."""
    for one in performances(4 * minutes, SEED):
        if one.topology == "kinect_v2_25":
            shift = START - one.frames[0].stamp
            frames = tuple(replace(frame, stamp=frame.stamp + shift) for frame in one.frames)
            segments = tuple(replace(each, start=each.start + shift, end=each.end + shift) for each in one.segments)
            yield replace(one, frames=frames, segments=segments)


def seen(recording: Recording, head: Head, lag: float) -> Recording:
    """The recording as the node places it: seen by the camera in the head, placed by tf that lags (seconds)."""
    buffer = Buffer()
    for one in head.static():
        buffer.set_transform_static(one, "")
    placed = Frames("optical", target_frame="base_link", tf=buffer)
    told, frames = START - 1.0, []
    for frame in recording.frames:
        while told < frame.stamp + 0.1:  # tf2 keeps ten seconds
            buffer.set_transform(head.told(told, lag), "")
            told += 1.0 / RATE
        source = SourceFrame(head.seen(frame), ros_time(frame.stamp), "camera_optical_frame")
        frames.append(placed.to_canonical(source))
    return replace(recording, frames=tuple(frames))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10, help="simulated people, a minute each (default: 10)")
    parser.add_argument("--lags", type=float, nargs="+", default=[0.0, 0.02, 0.05, 0.1], help="seconds")
    parser.add_argument(
        "--weights", default="default", help="shipped detector, folder or .onnx file (default: default)"
    )
    given = parser.parse_args()
    weights, recordings = load.load(given.weights, "cpu"), list(people(given.minutes))
    shared = set(weights.config.detector.labels) & set(ACTIONS)
    rows = []
    for name, head, lag in [("still", Head(0.0, 0.0), 0.0), *(("moving", Head(), lag) for lag in given.lags)]:
        scored = []
        for one in recordings:
            found = predict(seen(one, head, lag), ActionStream(weights, topology=one.topology)).actions
            truth = [segment for segment in one.segments if segment.label in shared]
            length = one.frames[-1].stamp - one.frames[0].stamp
            scored.append(ScoredRecording(truth=truth, detections=found, duration=length))
        scores = score_events(scored, ious=(0.1,))
        recall = scores.overall[0.1].recall
        rows.append([name, f"{1e3 * lag:.0f} ms", f"{100.0 * recall:.1f} %", f"{scores.false_alarms_per_hour:.0f}"])
    print(table(["head", "tf lags", "recall", "false alarms an hour"], rows))


if __name__ == "__main__":
    main()
