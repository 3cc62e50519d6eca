"""How often and for how long each set of a store shows each label of a vocabulary, and what else it shows."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.store import Store
from usdrl_model.data.vocabulary import OTHER, Vocabulary
from usdrl_model.files.markdown import table
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.segments import AMBIGUOUS

MINUTE = 60.0


def describe(store: Store, vocabulary: Vocabulary) -> str:
    """Two Markdown tables: instances and minutes of every label in every set, and the labels that are ``other``.

    Sets that the vocabulary does not name are in the second one alone.

    Raises:
        ValueError: the vocabulary names labels that a set has not, or the store is damaged.
    """
    named = [name for name in store.sets if vocabulary.names(name)]
    columns = {name: _Shown(store.select(sets=[name]), name, vocabulary) for name in named}
    rows = [
        [f"`{label}`", *(column.cell(label) for column in columns.values())]
        for label in (*vocabulary.labels, AMBIGUOUS)
        if any(column.count[label] for column in columns.values())
    ]
    rows.append([f"`{OTHER}`", *(f"{column.other / MINUTE:.1f}" for column in columns.values())])
    counts = table(["instances, minutes", *columns], rows)
    rest = [[name, ", ".join(column.labels)] for name, column in columns.items()]
    rest += [[name, "everything: the vocabulary does not name this set"] for name in store.sets if name not in named]
    others = table(["set", f"`{OTHER}`"], rest)
    return f"{counts}\n\n{others}"


class _Shown:
    """What one set shows: instances and seconds of every label."""

    def __init__(self, store: Store, name: str, vocabulary: Vocabulary) -> None:
        vocabulary.check(name, store.labels)
        contents = vocabulary.contents.get(name, {}).values()
        known = sorted({*store.labels, *contents})
        self.labels = [label for label in known if vocabulary.of(name, label) == OTHER] or ["-"]
        self.count: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.other = 0.0
        """Seconds of people in which they show no label."""
        for index in range(len(store)):
            recording = in_vocabulary(store.recording(index), name, vocabulary)
            if recording is None:
                continue
            people = len({person.id for frame in recording.frames for person in frame.people})
            self.other += people * recording_gaps.seconds(np.array([frame.stamp for frame in recording.frames]))
            for segment in recording.segments:
                self.count[segment.label] += 1
                self.seconds[segment.label] += segment.end - segment.start
                self.other -= segment.end - segment.start

    def cell(self, label: str) -> str:
        return f"{self.count[label]}, {self.seconds[label] / MINUTE:.1f}" if self.count[label] else "-"
