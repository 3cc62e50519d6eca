"""How long people can be judged in a recording: what false alarms are counted in.

Where the only ones who are there do what nobody can tell, nothing that is said of them is a false alarm, so that such
time is no time without one, either. Time in which nobody is there counts.

>>> from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
>>> doubt = Segment("1", AMBIGUOUS, 4.0, 8.0)
>>> seconds(np.arange(11.0), {"1": np.arange(11.0)}, [doubt])
5.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment, known_frame_labels


def seconds(stamps: np.ndarray, presence: Mapping[str, np.ndarray], segments: Iterable[Segment]) -> float:
    """Seconds in which somebody can be judged or nobody is there, gaps not counted.

    Args:
        stamps: (T,) of the frames, rising.
        presence: person -> those of them at which they are there.
        segments: what people do, with its ambiguous segments; what one is sure of, no other one doubts.
    """
    told = list(segments)
    labels = ("", *{segment.label for segment in told})
    doubtful, judged = np.zeros(len(stamps), bool), np.zeros(len(stamps), bool)
    for person, times in presence.items():
        _, known = known_frame_labels([one for one in told if one.person == person], stamps, labels)
        there = np.isin(stamps, times)
        doubtful |= there & ~known
        judged |= there & known
    return recording_gaps.seconds(stamps, judged | ~doubtful)


def of(recording: Recording) -> float:
    """``seconds`` of a recording with its truth."""
    presence: dict[str, list[float]] = {}
    for frame in recording.frames:
        for person in frame.people:
            presence.setdefault(person.id, []).append(frame.stamp)
    stamps = np.array([frame.stamp for frame in recording.frames])
    return seconds(stamps, {person: np.array(there) for person, there in presence.items()}, recording.segments)
