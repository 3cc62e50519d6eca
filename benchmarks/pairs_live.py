"""What a detector of pairs is worth live, on people whom it has not learnt from. One table.

    usdrl data import sbu ~/data/sbu --store stores   # and utkinect, utd_mhad
    python benchmarks/pairs_live.py --data stores --weights pairs

The test fold of SBU is laid into streams of pairs, and test people of UTKinect and UTD-MHAD beside each other, who have
nothing to do with one another (``usdrl_model/data/compose_pairs.py``). Test clips of NuiSI, each person of which is
recorded in axes of their own, are set face to face. They play through
``ActionStream`` with the default detector and that of pairs beside it; an interaction is found where an event of its
label overlaps it.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable
from pathlib import Path

from usdrl_model.data import vocabulary
from usdrl_model.data.compose_pairs import streams
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.store import Store
from usdrl_model.evaluation.predict import predict
from usdrl_model.evaluation.stream import scores
from usdrl_model.evaluation.stream.scores import Heard
from usdrl_model.evaluation.stream.streams import length
from usdrl_model.files.markdown import table
from usdrl_model.inference import load
from usdrl_model.metrics.events import EventScores
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS

BESIDE = {"utkinect": ("02", "04", "06", "08", "10"), "utd_mhad": ("2", "4", "6", "8")}
"""Sets of single people -> those who are in no training."""
SEED = 1
STREAMS = 3
"""Streams into which the clips of NuiSI are laid."""


def scored(data: Path) -> list[tuple[str, list[Recording]]]:
    """Name of a part -> its streams, with the truth in the labels of pairs."""
    words, store = vocabulary.load("hri"), Store.open(data)
    parts = {"sbu": store.select(sets=["sbu"], split="standard/test")}
    parts |= {name: store.select(sets=[name], subjects=people) for name, people in BESIDE.items()}
    found = []
    for name, part in parts.items():
        named = (in_vocabulary(one, name, words, pairs=True) for one in part.recordings())
        known = [one for one in named if one is not None and one.frames]
        found.append((name, list(streams(known, SEED, pairs=True))))
    clips = [one for one in store.select(sets=["nuisi"], split="standard/test").recordings() if one.label]
    named = (in_vocabulary(one, "nuisi", words, pairs=True) for one in clips)
    known = [
        dataclasses.replace(one, tags={**one.tags, "set": f"nuisi_{number % STREAMS}"})
        for number, one in enumerate(named)
        if one is not None
    ]
    found.append(("nuisi", list(streams(known, SEED, pairs=True))))
    return found


def heard(recordings: Iterable[Recording], weights: str, beside: str) -> tuple[list[Heard], tuple[str, ...]]:
    """What is told of each of them, and the labels of pairs."""
    one, two = load.load(beside, "cpu"), load.load(weights, "cpu")
    told: list[Heard] = []
    labels: tuple[str, ...] = ()
    for recording in recordings:
        stream = ActionStream(one, topology=recording.topology, pairs=two)
        labels = stream.pair_labels
        found = tuple(action for action in predict(recording, stream).actions if action.label in labels)
        told.append(Heard(truth=recording.segments, detections=found, duration=length(recording)))
    return told, labels


def rows(events: EventScores, labels: Iterable[str]) -> list[list[str]]:
    """A row a label: true, found, false alarms an hour."""
    made = []
    for label in labels:
        by = events.per_label.get(label)
        (one,) = by.values() if by else (None,)
        wrong = events.false_alarms_by_label.get(label, 0)
        true, found = (0, 0) if one is None else (one.tp + one.fn, one.tp)
        made.append([f"`{label}`", f"{found} of {true}" if true else "-", f"{wrong / events.hours:.1f}"])
    return made


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a store")
    parser.add_argument("--weights", default="pairs", help="a detector of two people (default: pairs)")
    parser.add_argument("--beside", default="default", help="the detector beside it (default: default)")
    given = parser.parse_args()
    for name, recordings in scored(given.data):
        told, labels = heard(recordings, given.weights, given.beside)
        all_ = scores.events(told, labels)
        minutes = sum(one.duration for one in told) / 60.0
        doubtful = sum(s.end - s.start for one in told for s in one.truth if s.label == AMBIGUOUS) / 60.0
        print(
            f"\n{name}: {len(told)} streams of two, {minutes:.1f} minutes, {doubtful:.1f} minutes of a person ambiguous"
        )
        print(f"onsets are told after {all_.onset_delay.median:.2f} s (median)\n")
        print(table(["label", "found", "false alarms an hour"], rows(all_, labels)))


if __name__ == "__main__":
    main()
