"""What a run is trained on and validated on: recordings of its sources, and their windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from usdrl_model.data import catalogue
from usdrl_model.data.store import Store
from usdrl_model.errors.shown import NAME, cut
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.finetuning import init_from, sources
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.labels import vocabulary_of
from usdrl_model.training.finetuning.mixture import Mixture, mix, windows_of
from usdrl_model.windows.cut import Windows


def recordings(run: FinetuneConfig, store: Store | None) -> list[list[Recording]]:
    """The labelled recordings of each source of a run, of all of its people; errors as ``sources.recordings``."""
    words = vocabulary_of(run)
    return [sources.recordings(source, store, run.seed, run.detector, words) for source in run.sources]


def mixture(run: FinetuneConfig, given: Sequence[Sequence[Recording]]) -> Mixture:
    """The windows that a run trains on.

    Args:
        run: with its sources.
        given: ``recordings`` of each.

    Raises:
        ValueError: no window shows a label of the detector, not in a mirror or backwards either where the run turns
            windows round; or as ``mixture.mix``.
    """
    found = mix(
        run.sources, given, _with_depth(run.detector), max_gap=run.stream.max_gap, stride=run.stride, seed=run.seed,
        label_balance=run.label_balance,
    )  # fmt: skip
    _check_every_label_is_shown(run, found.windows)
    return found


def held_out(run: FinetuneConfig, given: Sequence[Sequence[Recording]]) -> list[Recording]:
    """The recordings of the people to validate on; none where the run names nobody.

    Args:
        run: with ``validation_subjects``, of its first source.
        given: ``recordings`` of each source.

    Raises:
        ValueError: one of these people has no recording, or is trained on: by a source that shows them, or before, by
            the weights of the start or by the teacher.
    """
    if not run.validation_subjects:
        return []
    first, people = run.sources[0], run.validation_subjects
    if absent := set(people) - {recording.subject for recording in given[0]}:
        there = sorted({recording.subject or "?" for recording in given[0]})
        raise ValueError(f"validation_subjects: {sorted(absent)} have no recording in {first.name}; there are {there}")
    found = [recording for recording in given[0] if recording.subject in people]
    for source, shown in zip(run.sources, given, strict=True):
        if source.name not in catalogue.same_people(first.name):
            continue
        if both := sorted({str(one.subject) for one in shown if one.subject in people and source.trains_on(one)}):
            raise ValueError(
                f"validation_subjects: {both} are trained on, too: leave them out of {source.name}'s subjects"
            )
    for name, made in init_from.inherited(run).items():
        if both := init_from.trained_on(made, first.name, people):
            raise ValueError(
                f"validation_subjects: {name} was trained on {both} of {first.name}, or may have been: name others, or"
                " start from weights that were made without them"
            )
    return found


def validation(run: FinetuneConfig, found: Sequence[Recording]) -> Windows | None:
    """The windows of those who are ``held_out``, as the detector sees them; None without anybody."""
    if not found:
        return None
    return windows_of(run.sources[0], found, run.detector, max_gap=run.stream.max_gap, stride=run.stride, seed=run.seed)


def _check_every_label_is_shown(run: FinetuneConfig, windows: Windows) -> None:
    """Refuse a class of which a detector would learn that nobody ever does it."""
    labels = run.detector.labels
    counts = torch.bincount(windows.y[windows.seen], minlength=len(labels)).tolist()
    shown = {each for each, count in enumerate(counts) if count}
    if run.augment.mirror:
        shown |= {run.mirror_classes[each] for each in shown}
    if run.augment.backwards:
        shown |= {run.backward_classes[each] for each in shown}
    if absent := [label for each, label in enumerate(labels) if each and each not in shown]:
        looked_at = cut(", ".join(source.name for source in run.sources), NAME)
        raise ValueError(
            f"detector.labels: nobody who is trained on ({looked_at}) does {cut(', '.join(absent), NAME)}: label it,"
            " train on people who do it (subjects, split, or more minutes of the performer), or take it out of"
            " detector.labels"
        )


def _with_depth(detector: DetectorConfig) -> DetectorConfig:
    """The detector whose windows one with ``flat`` is trained on: ``augment`` takes pictures of them in every step."""
    return dataclasses.replace(detector, encoder=dataclasses.replace(detector.encoder, flat=False))
