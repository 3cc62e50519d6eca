"""What the labels of bags are called by the weights: a table of one's own, as sources of ``usdrl finetune`` have one.

::

    # names.yaml: label of the bags: label of the weights, none or ambiguous; a label that is not here stays as it is
    hello: wave
    applause: clap
    stretching: none
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import MESSAGE, cut, shown
from usdrl_model.files.documents import read_yaml
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, in_order
from usdrl_model.training.finetuning.relabelling import renamed_segments
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labelled_bag import LabelledBag

OPTION = "--label-names"


def add_label_names(command: argparse.ArgumentParser) -> None:
    """Add the option that ``load`` reads."""
    command.add_argument(
        OPTION,
        type=Path,
        metavar="FILE",
        help="YAML: what the weights call labels of the bags (hello: wave)",
    )


def load(path: Path | None, known: Collection[str]) -> dict[str, str]:
    """The table in a file; empty where there is no file.

    Args:
        path: of the file, or None.
        known: what the weights tell.

    Raises:
        BagError: no table of names, or a label that the weights have not; the message says the nearest.
        ValueError, OSError: as ``read_yaml``.
    """
    if path is None:
        return {}
    table = read_yaml(path)
    if not isinstance(table, dict):
        raise BagError(f"{path}: expected a table, such as hello: wave, got {shown(table)}")
    if AMBIGUOUS in table:
        raise BagError(f"{path}: {AMBIGUOUS} is neither right nor wrong by any name: leave it out of the table")
    for own, label in table.items():
        if not isinstance(own, str) or not isinstance(label, str):
            raise BagError(
                f"{path}: expected names, in quotes where YAML reads them as something else, got {shown(own)}:"
                f" {shown(label)}"
            )
        if label not in known and label not in (BACKGROUND_LABEL, AMBIGUOUS):
            others = (*known, BACKGROUND_LABEL, AMBIGUOUS)
            there = f"{hint(label, others)} Known are {', '.join(others)}"
            raise BagError(cut(f"{path}: {own}: the weights have no label {shown(label)}{there}", MESSAGE))
    return table


def renamed(bag: LabelledBag, names: Mapping[str, str]) -> LabelledBag:
    """The bag with its truth in the labels of the weights."""
    every = {AMBIGUOUS: AMBIGUOUS, **{label: label for label in bag.truth.labels}, **names}
    labels = dict.fromkeys(every[label] for label in bag.truth.labels)
    annotated = tuple(label for label in labels if label not in (BACKGROUND_LABEL, AMBIGUOUS))
    segments = _folded(bag.truth.segments, every)
    return replace(bag, truth=replace(bag.truth, labels=annotated, segments=segments))


def _folded(segments: Iterable[Segment], names: Mapping[str, str]) -> tuple[Segment, ...]:
    """Renamed; where a label of the bag goes over into another of the same name by the table, both are one action."""
    found: list[Segment] = []
    newest: dict[tuple[str, str], tuple[str, int]] = {}
    for own in in_order(segments):
        for segment in renamed_segments([own], names):
            key = segment.person, segment.label
            before, place = newest.get(key, (own.label, -1))
            if before != own.label and segment.start <= found[place].end:
                found[place] = replace(found[place], end=max(found[place].end, segment.end))
            else:
                place = len(found)
                found.append(segment)
            newest[key] = own.label, place
    return tuple(found)


def unused(names: Iterable[str], bags: Sequence[LabelledBag]) -> list[str]:
    """What is to be said of names in a table that no bag, as it was read, names among its labels; one line each."""
    there = list(dict.fromkeys(label for bag in bags for label in bag.truth.labels))
    return [f"{OPTION}: no bag has a label {shown(name)}{hint(name, there)}" for name in names if name not in there]
