"""Labelled bags -> a set of a store (``usdrl-bag store``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from usdrl_model.cli.data import owners_terms
from usdrl_model.data import catalogue
from usdrl_model.data.store_writer import write_set
from usdrl_model.errors.shown import MESSAGE, cut
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.online.rising_frames import rising
from usdrl_model.progress import progress
from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags.labelled_bag import LabelledBag
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.replay import load_bag


def import_bags(arguments: argparse.Namespace) -> None:
    """Labelled bags -> a set of a store."""
    if catalogue.kind(arguments.name) != catalogue.OWN:
        raise ValueError(f"--name {arguments.name}: a data set is called that: choose another name")
    subjects = arguments.subjects or [None] * len(arguments.bags)
    if len(subjects) != len(arguments.bags):
        raise ValueError(f"--subjects: expected one per bag, {len(arguments.bags)}, got {len(subjects)}")
    terms = owners_terms(arguments, Path(arguments.target) / arguments.name)
    labels = sorted({label for bag in arguments.bags for label in load_truth(bag).labels} - {BACKGROUND_LABEL})
    with progress(arguments.bags, unit="bag") as paths:
        named = zip(paths, subjects, strict=True)
        recordings = _distinct((path, labelled_recording(_judged(path), labels, subject)) for path, subject in named)
        totals = write_set(arguments.target, arguments.name, recordings, replace=arguments.replace, terms=terms)
    print(f"{Path(arguments.target) / arguments.name}: {totals.clips} recordings of {', '.join(labels)}")


def _distinct(bags: Iterable[tuple[str, Recording]]) -> Iterator[Recording]:
    """Yield the recordings; ValueError if two bags have the same name."""
    paths: dict[str, str] = {}
    for path, recording in bags:
        if recording.name in paths:
            raise ValueError(f"{paths[recording.name]} and {path} are both {recording.name}: rename one")
        paths[recording.name] = path
        yield recording


def _judged(path: str) -> LabelledBag:
    """Read a bag and print its problems; BagError where a label is outside of its time."""
    bag = load_bag(path)
    bag.check_labels(some=True)
    for line in bag.judgement():
        tqdm.write(cut(f"{bag.name}: {line}", MESSAGE), file=sys.stderr)
    return bag


def labelled_recording(bag: LabelledBag, labels: Sequence[str], subject: str | None) -> Recording:
    """Convert a labelled bag to a recording in canonical axes, in the order of its stamps.

    Frames with outlier stamps, as the pipeline tells them, or with stamps before that of an earlier frame are left out;
    messages with one stamp become one frame (``rising_frames``).

    Args:
        bag: the labelled bag.
        labels: all actions of the set.
        subject: the person in it.
    """
    return Recording(
        bag.name,
        bag.truth.topology,
        rising(bag.frames),
        segments=tuple(segment for segment in bag.truth.segments if segment.label != BACKGROUND_LABEL),
        labels=tuple(labels),
        subject=subject,
    )
