"""Six people at 30 frames a second for a long time: does anything grow, slow down, or pile up?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from abuse_report import Options, Row
from latency import WARM_UP, Bench, crowd

PEOPLE = 6
STRETCHES = 10
"""Measurements, of equal length."""
GROWTH = 60.0
"""MiB an hour that resident memory may grow over the second half."""
LONG_ENOUGH = 5.0
"""Minutes; before, what is allocated once hides what grows."""


def run(options: Options) -> Iterator[Row]:
    """One row."""
    seconds = 60.0 * options.soak_minutes / STRETCHES
    frames = crowd(PEOPLE)
    with Bench("default", "cpu") as bench:
        bench.publish(frames, WARM_UP)
        samples = [bench.publish(frames, seconds) for _ in range(STRETCHES)]
    hours = np.arange(STRETCHES) * seconds / 3600.0
    half = STRETCHES // 2  # what is allocated at first is no growth
    slope = float(np.polyfit(hours[half:], [sample.rss for sample in samples[half:]], 1)[0])
    first, last = samples[0], samples[-1]
    p50 = [1e3 * float(np.percentile(sample.latencies, 50)) for sample in (first, last)]
    p95 = [1e3 * float(np.percentile(sample.latencies, 95)) for sample in (first, last)]
    middle, wrong = samples[half], []
    grows = f", growth not judged in less than {LONG_ENOUGH:g} minutes"
    if options.soak_minutes >= LONG_ENOUGH:
        grows = f", {slope:+.1f} MiB an hour over the second half"
        if slope > GROWTH:
            wrong.append(f"memory grows by {slope:.0f} MiB an hour: {[round(sample.rss, 1) for sample in samples]}")
        if last.threads > middle.threads or last.descriptors > middle.descriptors:
            counts = [(sample.threads, sample.descriptors) for sample in samples]
            wrong.append(f"threads and descriptors over time: {counts}")
    yield Row(
        what=f"{PEOPLE} people at 30 Hz for {options.soak_minutes:g} minutes",
        tried=STRETCHES,
        good=STRETCHES if not wrong else 0,
        measured=f"latency p50 {p50[0]:.1f} ms at the start, {p50[1]:.1f} ms at the end, p95 {p95[0]:.1f} and"
        f" {p95[1]:.1f} ms; {first.inferences:.1f} and {last.inferences:.1f} inferences/s; RSS {first.rss:.0f} and"
        f" {last.rss:.0f} MiB{grows}; {last.threads} threads, {last.descriptors} descriptors",
        failures=wrong,
    )
