"""A source of labelled windows: a set of a store and whom of it to train on, or simulated people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from usdrl_model.data import protocols
from usdrl_model.data.catalogue import PERFORMER


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConfig:
    """One source and how much of every batch comes from it."""

    name: str
    """A set of the store, or "performer"."""
    share: float = 1.0
    """Of the windows of a batch, relative to the other sources."""
    subjects: tuple[str, ...] = ()
    """People to train on; the others are for validation and for the test."""
    split: str = ""
    """Recordings to train on, as ``Store.select`` takes it: "cross_subject/train", or "standard/train" for every one of
    a set of one's own. With ``subjects``, both conditions hold."""
    labels: dict[str, str] = field(default_factory=dict)
    """Label of the data set -> label of the detector; empty where they are the same. A recording that shows a label
    which is not listed is left out as a whole, so list every label of the set, as "none" what is certainly nothing the
    detector knows. A run with a ``vocabulary`` needs none."""
    complete: bool = True
    """Whether everything that people do is labelled; otherwise frames without a label are ``AMBIGUOUS``, not
    background: nothing is learnt from them, and what is found there is no false alarm."""
    compose: bool = False
    """Lay the trimmed clips of each person into streams, with standing still and transitions between them
    (``data.compose``)."""
    window: Literal["sliding", "clip"] = "sliding"
    """Windows that slide over what was recorded, as live, or one that is the whole labelled clip, for recognition."""
    minutes: int = 0
    """Simulated minutes (performer only): of one person, or for a detector of pairs of two who meet."""

    def __post_init__(self) -> None:
        """Refuse a source without data."""
        if self.share <= 0.0:
            raise ValueError(f"{self.name}: share: expected more than 0, got {self.share}")
        if (self.name == PERFORMER) != (self.minutes > 0):
            raise ValueError(f"{self.name}: minutes are for the performer, and only for it (got {self.minutes})")
        if (self.name == PERFORMER) == bool(self.subjects or self.split):
            raise ValueError(
                f"{self.name}: name the people to train on (subjects), or the recordings (split: standard/train);"
                " the performer has neither"
            )
        if self.name == PERFORMER and self.labels:
            raise ValueError(
                f"{PERFORMER}: labels: simulated people are labelled by what they do; a vocabulary may call it"
                " something else"
            )
        if self.compose and self.window == "clip":
            raise ValueError(f"{self.name}: compose: streams are for window: sliding")

    def trains_on(self, recording: protocols.Described) -> bool:
        """Whether the recording is one to train on; ValueError if the set has no such split."""
        if self.subjects and recording.subject not in self.subjects:
            return False
        return not self.split or protocols.Split.of(self.name, self.split).has(recording)
