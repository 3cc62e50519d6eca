"""Frames that were heard, until a state tells what was inferred on them or on later ones.

>>> frames = Unanswered()
>>> frames.hear(1.0, now=7.0), frames.hear(1.1, now=7.25), frames.answer(1.1, now=7.5)
(None, None, 0.25)
>>> len(frames), frames.answer(1.0, now=7.5)
(0, None)
"""

from __future__ import annotations


class Unanswered:
    """Their number is that of the frames since the last answer: most are never answered, as there are fewer states."""

    def __init__(self) -> None:
        self._heard: dict[float, float] = {}
        """Stamp -> when it was heard, in that order."""

    def __len__(self) -> int:
        return len(self._heard)

    def hear(self, stamp: float, now: float) -> None:
        """Note a frame; of several with the same stamp the first one counts."""
        self._heard.setdefault(stamp, now)

    def answer(self, stamp: float, now: float) -> float | None:
        """Seconds since the frame of a state was heard; None where that is not known, or was answered before."""
        if stamp not in self._heard:
            return None
        since = self._heard[stamp]
        self._heard = {other: heard for other, heard in self._heard.items() if heard > since}
        return now - since
