"""Which recordings of a set are unlike the rest: in another unit, turned another way, or without anybody usable.

``content_check`` judges a set by a sample; here a few skeletons of every recording are measured while it is imported,
so that no single one is missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from usdrl_model.errors.shown import cut
from usdrl_model.plausibility import bodies
from usdrl_model.plausibility.sights import HUGE, to_canonical
from usdrl_model.skeleton.person import MIN_CONFIDENCE, SEEN_JOINTS, UNITS, Person, canonical_people
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import Topology, topology

SKELETONS = 16
"""Skeletons of a recording that are measured, evenly spread over those in it."""
SMALLEST, LARGEST = 0.25, 3.0
"""Sizes of a body, relative to an adult, that are nobody's; the recordings of published sets have 0.7 to 1.3."""
PART = 0.1
"""Fraction of the skeletons of another size from which on a part of a recording is in another unit."""
ALL = 0.9
"""Fraction of the skeletons that are not upright from which on nobody is; published sets in space have at most 0.4."""
MOST = 0.8
"""Fraction of the recordings that show people upright, so that those in which nobody is are odd."""
UPRIGHT = 0.5
"""Cosine to the vertical above which a body is upright."""
_UNITS = {"m": "metres", "cm": "centimetres", "mm": "millimetres"}


class OddRecordings:
    """Measures recordings that pass by, and says which of them are odd."""

    def __init__(self) -> None:
        self._count = 0
        self._found: dict[str, list[tuple[str, float]]] = {}

    def watch(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """The recordings, each measured once whoever takes it has found it consistent."""
        for recording in recordings:
            yield recording
            self._count += 1
            odd, size = _judged(recording)
            if odd:
                self._found.setdefault(odd, []).append((recording.name, size))

    def lines(self) -> list[str]:
        """A line for everything that is odd about some recordings; ``content_check`` finds what all of them share."""
        told = []
        for odd, names in self._found.items():
            most = {_PARTLY: 1.0, _LYING: 1.0 - MOST}.get(odd, 1.0 - 1e-9) * self._count
            if len(names) > most:
                continue
            share = f"{len(names)} of {self._count} recording{'s' * (self._count != 1)}"
            first, size = f"(first: {cut(names[0][0])})", bodies.median(np.array([size for _, size in names]))
            told.append(odd.format(share=share, first=first, size=f"{float(f'{size:.3g}'):g}", unit=_unit(size)))
        return told


_NOBODY = "in {share} nobody is seen {first}"
_SIZE = "in {share} people are {size} times the size of an adult {first}: {unit}"
_PARTLY = "in a part of {share} people are {size} times the size of an adult {first}: {unit}"
_UNUSABLE = "in {share} nobody is usable, since most joints are missing or invalid {first}"
_LYING = "in {share} nobody is upright, unlike in the others {first}: other axes?"


def _judged(recording: Recording) -> tuple[str, float]:
    """What is odd about a recording, "" for nothing, and the size of its people relative to an adult."""
    seen = [person for frame in recording.frames for person in frame.people]
    if not seen:
        return _NOBODY, np.nan
    seen = [seen[index] for index in np.unique(np.linspace(0, len(seen) - 1, SKELETONS).astype(int))]
    layout = topology(recording.topology)
    sure = np.stack([confidence for _, confidence in canonical_people(seen, layout)]) > 0.0
    usable = sure.sum(axis=1) >= SEEN_JOINTS
    body = _bodies(seen, layout)
    sizes = bodies.sizes(body)
    strange = (sizes < SMALLEST) | (sizes > LARGEST)
    if not recording.flat and strange.mean() >= PART:
        return (_SIZE if strange.mean() >= ALL else _PARTLY), bodies.median(sizes[strange])
    if not usable.any():
        return _UNUSABLE, np.nan
    height = bodies.upward(body)[0][:, 1]
    if not recording.flat and np.mean(height <= UPRIGHT) >= ALL:
        return _LYING, np.nan
    return "", np.nan


def _bodies(people: list[Person], layout: Topology) -> np.ndarray:
    """(R, 25, 3) canonical joints with bones of any length, NaN where the tracker gives nothing."""
    joints = np.stack([np.asarray(person.joints, np.float64) for person in people])
    sure = np.stack([np.ones(len(one.joints)) if one.confidence is None else one.confidence for one in people])
    with np.errstate(invalid="ignore"):
        given = (np.abs(joints) < HUGE).all(axis=2) & (joints != 0.0).any(axis=2) & (sure >= MIN_CONFIDENCE)
    return to_canonical(bodies.together(np.where(given[:, :, None], joints, np.nan)), layout)


def _unit(size: float) -> str:
    """The unit in which people of that size would be adults, as a question."""
    near = [_UNITS[unit] for unit, metres in UNITS.items() if SMALLEST < size * metres < LARGEST and metres != 1.0]
    return f"{near[0]}?" if near else "not in metres?"
