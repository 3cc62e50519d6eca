"""The labels of a run that names a vocabulary: those its sources show, with their thresholds and mirror partners."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from usdrl_model.data import vocabulary as vocabularies
from usdrl_model.data.vocabulary import Vocabulary
from usdrl_model.errors.nearest import hint
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.training.finetuning.config import FinetuneConfig


def vocabulary_of(run: FinetuneConfig) -> Vocabulary | None:
    """The vocabulary of a run; None where it names none. Errors as ``vocabulary.load``."""
    return vocabularies.load(run.vocabulary) if run.vocabulary else None


def filled(run: FinetuneConfig) -> FinetuneConfig:
    """A run with everything that its vocabulary says: the same where it names none.

    ``detector.labels`` of ``[none]`` become all labels that a source of the run shows, by a table of its own where it
    has one; others are kept. A model of several people tells the actions of pairs. What the run states itself is kept:
    thresholds, and what labels are in a mirror or backwards. A label whose mirror partner the detector has not is
    background in a mirror.

    Raises:
        ValueError: sources and neither labels nor a vocabulary, a label that the vocabulary has not, or no label that a
            source shows; or as ``vocabulary.load``.
    """
    vocabulary = vocabulary_of(run)
    if vocabulary is None:
        if run.sources and run.detector.labels == (BACKGROUND_LABEL,):
            raise ValueError("detector.labels: expected the actions to learn, or a vocabulary that names them")
        return run
    actions = vocabulary.between if run.detector.encoder.people > 1 else vocabulary.labels
    labels = run.detector.labels
    if labels == (BACKGROUND_LABEL,):
        labels = _shown(run, vocabulary, actions)
        if labels == (BACKGROUND_LABEL,):
            raise ValueError(f"sources: none of them shows a label of {run.vocabulary}: {', '.join(actions)}")
    for label in labels[1:]:
        if label not in actions:
            raise ValueError(f"detector.labels: {run.vocabulary} has no {label!r}{hint(label, actions)}")
    stated = {label: action.threshold for label in labels[1:] if (action := actions[label]).threshold is not None}
    events = replace(run.stream.events, label_on_threshold={**stated, **run.stream.events.label_on_threshold})
    needs = {label: actions[label].needs for label in labels[1:] if actions[label].needs}
    mirrored = {label: vocabulary.mirrored(label) for label in labels[1:]}
    sides = {label: other if other in labels else BACKGROUND_LABEL for label, other in mirrored.items()}
    turned = {label: actions[label].backwards for label in labels[1:] if actions[label].backwards in labels}
    return replace(
        run,
        detector=replace(run.detector, labels=labels, needs={**needs, **run.detector.needs}),
        stream=replace(run.stream, events=events),
        mirror_labels={**sides, **run.mirror_labels},
        backward_labels={**turned, **run.backward_labels},
    )


def _shown(run: FinetuneConfig, vocabulary: Vocabulary, actions: Collection[str]) -> tuple[str, ...]:
    """The classes that the sources of a run show, in the order of the vocabulary: by tables of their own, or by it."""
    by_it = [source.name for source in run.sources if not source.labels]
    found = set(vocabulary.shown_by(by_it, pairs=run.detector.encoder.people > 1))
    for source in run.sources:
        for label in {*source.labels.values()} - {BACKGROUND_LABEL, AMBIGUOUS}:
            if label not in actions:
                raise ValueError(f"{source.name}: labels: {run.vocabulary} has no {label!r}{hint(label, actions)}")
            found |= {label, vocabulary.mirrored(label)}
    return (BACKGROUND_LABEL, *(label for label in actions if label in found))
