"""A detector of windows, live: everybody's newest window in one batch, at every inference anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from usdrl_model.network.config import EncoderConfig
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.skeleton.person import SEEN_JOINTS
from usdrl_model.windows.neighbours import nearest
from usdrl_model.windows.window import Body, compose


class Batch(NamedTuple):
    """The windows of those who are seen in theirs (N people)."""

    people: list[TrackedPerson]
    windows: np.ndarray
    """(N, T, M, V, 3)."""
    seen: np.ndarray
    """(N, T) bool, frames in which the person is seen."""


def newest_windows(people: Sequence[TrackedPerson], end: int, encoder: EncoderConfig) -> Batch | None:
    """The windows that end at grid frame ``end``; None where nobody is seen in any."""
    rows = []
    for person in people:
        bodies = _bodies(person, people, end, encoder)
        seen = bodies[0][1].sum(axis=1) >= SEEN_JOINTS
        if seen.any():
            rows.append((person, bodies, seen))
    if not rows:
        return None
    windows = compose([bodies for _, bodies, _ in rows], encoder.window)
    return Batch([person for person, _, _ in rows], windows, np.stack([seen for _, _, seen in rows]))


def _bodies(person: TrackedPerson, people: Sequence[TrackedPerson], end: int, encoder: EncoderConfig) -> list[Body]:
    """The person and, if the model looks at more than one, their nearest others, up to grid frame ``end``."""
    body = person.body(end)
    others = [one.body(end) for one in people if one is not person] if encoder.people > 1 else []
    return [body, *nearest(body, others, encoder.people - 1)]
