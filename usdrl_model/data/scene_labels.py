"""Labels of a scene, as labels of its people: what is learnt from the one whom a set does not name."""

from __future__ import annotations

import dataclasses

from usdrl_model.data import catalogue
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS


def of_everybody(recording: Recording, dataset: str) -> Recording:
    """The recording with the labels of everybody in it, where those of its set belong to the scene.

    What two people do together, both do. In all else that is labelled, nobody knows who acts but that one does: those
    whom the set does not name are ``AMBIGUOUS`` meanwhile. Scores of whole scenes need none of this.

    Args:
        recording: in the set's own labels.
        dataset: name of the set, or of simulated people.
    """
    together = frozenset() if dataset == catalogue.PERFORMER else catalogue.info(dataset).together
    if not together:
        return recording
    people = sorted({person.id for frame in recording.frames for person in frame.people})
    added = (
        dataclasses.replace(segment, person=person, label=segment.label if segment.label in together else AMBIGUOUS)
        for segment in recording.segments
        for person in people
        if person != segment.person
    )
    return dataclasses.replace(recording, segments=(*recording.segments, *added))
