"""The recordings of a benchmark in a store: completeness check, and the classes that they show."""

from __future__ import annotations

import logging
from pathlib import Path

from usdrl_model.data import catalogue
from usdrl_model.data.labelled_clips import is_example
from usdrl_model.data.protocols import PARTS
from usdrl_model.data.store import Store
from usdrl_model.data.stored_set import INDEX
from usdrl_model.evaluation.benchmark import CONTINUOUS, Benchmark
from usdrl_model.skeleton.segments import AMBIGUOUS

_SHOWN = 8
"""Largest number of names in a message."""


_LOG = logging.getLogger(__name__)


def open_benchmark(benchmark: Benchmark, path: str | Path, task: str | None = None) -> Store:
    """The recordings of a benchmark, of all its splits.

    Args:
        benchmark: what to open.
        path: a store.
        task: also check that the recordings have the labels which this task needs; None: those of any task.

    Raises:
        FileNotFoundError: nothing there, or the set is not in the store; the message says where a user gets it.
        ValueError: as ``check``.
    """
    if task is not None:
        benchmark.task(task)
    chosen = found(benchmark, path)
    check(benchmark, chosen, task)
    return chosen


def found(benchmark: Benchmark, path: str | Path) -> Store:
    """As ``open_benchmark``, unchecked."""
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such store. {_how_to_get(benchmark, path)}")
    try:
        store = Store.open(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no set of a store there. {_how_to_get(benchmark, path)}") from None
    if benchmark.data not in store.sets:
        there = ", ".join(store.sets)
        raise FileNotFoundError(f"{path}: no set {benchmark.data} there, only {there}. {_how_to_get(benchmark, path)}")
    return store.select(sets=[benchmark.data], subjects=benchmark.subjects or None)


def check(benchmark: Benchmark, store: Store, task: str | None) -> None:
    """Refuse recordings on which a task cannot be done.

    Raises:
        ValueError: a split without recordings or labels to train on or to test, a class that is tested but not trained,
            or a task that the benchmark does not have.
    """
    if task is not None:
        benchmark.task(task)
    trained: set[str] = set()
    tested: set[str] = set()
    for split in benchmark.splits:
        train, test = _shown(benchmark, store, split, task)
        trained |= train
        tested |= test
    if untested := trained - tested:
        _LOG.warning("benchmark %s: trained, but never tested: %s", benchmark.name, _listed(untested))


def classes(store: Store, task: str | None = None, half_width: float = 0.0) -> tuple[str, ...]:
    """The classes that recordings show, in the order of the set; what is ``AMBIGUOUS`` is none.

    Args:
        store: recordings.
        task: only labels that this task can use: instants show no action to a task on clips, nor does the label of a
            clip that has segments, and a task on whole recordings needs segments; None: all labels.
        half_width: above 0: an instant shows an action to any task.
    """
    shown: set[str] = set()
    for clip in map(store.describe, range(len(store))):
        apart = [one for one in clip.segments if is_example(one) or (half_width and one.label != AMBIGUOUS)]
        if clip.label is not None and (task is None or (task not in CONTINUOUS and not apart)):
            shown.add(clip.label)
        shown |= {one.label for one in (clip.segments if task is None or task in CONTINUOUS else apart)}
    return tuple(label for label in store.labels if label in shown and label != AMBIGUOUS)


def _shown(benchmark: Benchmark, store: Store, split: str, task: str | None) -> tuple[set[str], set[str]]:
    """The classes of the training and of the test part."""
    where = f"benchmark {benchmark.name}, split {split}"
    shown: list[set[str]] = []
    for part in PARTS:
        clips = store.select(split=f"{split}/{part}")
        if not len(clips):
            raise ValueError(
                f"{where}: none of the {len(store)} recordings of {benchmark.data} in this store is in the {part} part:"
                " import the complete set"
            )
        shown.append(set(classes(clips, task, benchmark.half_width)))
        if not shown[-1]:
            needed = "segments" if task in CONTINUOUS else "labels" if task is None else "labelled clips or segments"
            raise ValueError(
                f"{where}: the {len(clips)} recordings of the {part} part have no {needed}:"
                f" import {benchmark.data} together with its label files"
            )
    train, test = shown
    if untrained := test - train:
        raise ValueError(
            f"{where}: tested, but in no recording to train on: {_listed(untrained)}; import the complete set,"
            " or choose another protocol"
        )
    return train, test


def _how_to_get(benchmark: Benchmark, path: str | Path) -> str:
    source, path = catalogue.info(benchmark.data), Path(path)
    store = path.parent if path.is_file() or (path / INDEX).is_file() else path  # of which path is one set, or packed
    kind = catalogue.kind(benchmark.data)
    name = "" if kind == benchmark.data else f" --name {benchmark.data}"
    return (
        f"Benchmark {benchmark.name} needs {source.title} ({source.files}). Get it from {source.where}; {source.terms}."
        f" Then: usdrl data import {kind} PATH --store {store}{name}"
    )


def _listed(names: set[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(sorted(names)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
