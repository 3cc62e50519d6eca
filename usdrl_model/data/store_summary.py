"""Summary of a store as text: counts, rates, missing joints, labels and protocols of every set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from usdrl_model.data import protocols
from usdrl_model.data.content_check import look, sampled, spread
from usdrl_model.data.store import Store
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.topology import CANONICAL_JOINTS

LOOKED_AT = 200
"""Clips of a set, evenly spread, from which rates and missing joints are measured."""


def describe(store: Store) -> str:
    """A paragraph for every set."""
    return "\n\n".join("\n".join(_lines(store.select(sets=[name]), name)) for name in store.sets)


def _lines(store: Store, name: str) -> Iterator[str]:
    clips = [store.describe(index) for index in range(len(store))]
    frames, rows = sum(clip.frames for clip in clips), sum(clip.rows for clip in clips)
    yield f"{name}: {len(clips)} recordings, {frames} frames, {rows} skeletons, {len(store.labels)} classes"
    kinds = ", ".join(sorted({clip.topology for clip in clips}))
    yield f"  joints: {kinds}, {store.dtype(name)}; subjects: {len(store.subjects) or 'not named'}"
    yield f"  terms: {store.terms(name)}"
    rates, hours, looked, missing = _measured(store)
    yield f"  rate: {np.median(rates):.1f} Hz (from {min(rates):.1f} to {max(rates):.1f}); about {hours:.2f} h"
    worst = ", ".join(
        f"{CANONICAL_JOINTS[j]} {missing[j]:.0%}" for j in np.argsort(-missing)[:4] if missing[j] >= 0.005
    )
    share = f"{missing.mean():.1%}" + (f" (most: {worst})" if worst else "") if rows else "nobody is there"
    yield f"  missing joints in {looked} recordings: {share}"
    yield f"  {look(sampled(store)).line()}"
    counts = Counter(clip.label for clip in clips if clip.label)
    counts.update(segment.label for clip in clips for segment in clip.segments)
    if counts:
        few, many = min(counts.values()), max(counts.values())
        kinds = " and ".join(
            kind
            for kind, there in (
                ("recordings", any(clip.label for clip in clips)),
                ("segments", any(clip.segments for clip in clips)),
            )
            if there
        )
        yield f"  labels: {sum(counts.values())} of {kinds}, {few} to {many} a class"
    for protocol in protocols.PROTOCOLS.get(name, {}):
        train, test = (len(store.select(split=f"{protocol}/{part}")) for part in protocols.PARTS)
        yield f"  {protocol}: {train} train, {test} test"
    for protocol, key in protocols.leave_one_out(name).items():
        yield f"  {protocol}/<{key}>"


def _measured(store: Store) -> tuple[list[float], float, int, np.ndarray]:
    """Rates, hours in total, number of recordings measured, and the fraction of missing joints (25,) in them."""
    chosen = spread(len(store), LOOKED_AT)
    rates, seconds, missing, people = [0.0], 0.0, np.zeros(len(CANONICAL_JOINTS)), 0
    for index in chosen:
        clip = store[index]
        if len(clip.stamps) > 1:
            rates.append(clip.rate)
            seconds += recording_gaps.seconds(clip.stamps)
        # Count every skeleton that was sent: one without a valid joint has 25 missing joints.
        sent = store.describe(index).rows
        missing += sent - clip.mask.sum(axis=(0, 1))
        people += sent
    hours = seconds / 3600 * len(store) / len(chosen)
    return rates[1:] or rates, hours, len(chosen), missing / max(people, 1)
