"""A replay of a bag in which everybody's joints and scores are kept, to be looked at: on a page, or in a viewer.

::

    bag = load_bag("bags/s01_e01")
    seen = observe(bag, ActionStream.from_pretrained(topology=bag.truth.topology), rate=15.0)
    print([person.id for person in seen.people], seen.labels)
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usdrl_model.cli.common import add_machine, add_stream, check_machine, check_output, cpu_threads, pretrained
from usdrl_model.metrics.events import Detection
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.online.pretrained import known_labels
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.segments import Segment
from usdrl_ros.bags import label_names
from usdrl_ros.bags.described import add_bag, described_bag
from usdrl_ros.bags.labelled_bag import BagRun, LabelledBag
from usdrl_ros.bags.replay import replay
from usdrl_ros.bags.scores import found_actions


@dataclass(frozen=True, slots=True)
class SeenPerson:
    """One person of a replay, as the stream followed them."""

    id: str
    stamps: np.ndarray
    """(T,) seconds."""
    joints: np.ndarray
    """(T, 25, 3) float32 canonical joints, metres, canonical axes (x to the sensor's left, y up); NaN where invalid."""
    scored: np.ndarray
    """(S,) stamps of the frames that were scored."""
    scores: np.ndarray
    """(S, K) float32 posterior of ``Observed.labels``; 0 for those that were not among the five best."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A replay, and what was seen on the way."""

    run: BagRun
    labels: tuple[str, ...]
    """Labels of the detector, without the background."""
    known: tuple[str, ...]
    """All that can be told: these, and those of pairs and gestures."""
    people: tuple[SeenPerson, ...]
    """In the order of their appearance."""
    told: tuple[Detection, ...]
    """Detected actions of the replay."""

    @property
    def truth(self) -> tuple[Segment, ...]:
        """True actions."""
        return self.run.bag.truth.segments


def add_replay(command: argparse.ArgumentParser, out: str) -> None:
    """Add the options that ``replayable`` reads; ``out``: the help of ``--out``."""
    add_bag(command)
    add_stream(command)
    label_names.add_label_names(command)
    command.add_argument("--out", type=Path, help=out)
    add_machine(command, threads=1)


def replayable(arguments: argparse.Namespace, name: str) -> tuple[LabelledBag, ActionStream, Path]:
    """The bag, the stream to replay it through, and where the result goes: by default to ``name`` beside the messages.

    What people in it look like, and what is missing of it, is told on stderr. Errors as ``predict.predict_bag``, and as
    ``label_names.load``.
    """
    folder = arguments.bag if arguments.bag.is_dir() else arguments.bag.parent
    out = arguments.out or folder / name
    check_machine(arguments)
    check_output("--out", out, arguments.bag, arguments.topology, arguments.label_names, arguments.weights)
    bag = described_bag(arguments)
    print(*bag.judgement(), sep="\n", file=sys.stderr)
    stream = pretrained(arguments).stream(bag.truth.topology, cpu_threads(arguments))
    names = label_names.load(arguments.label_names, known_labels(stream))
    for line in label_names.unused(names, [bag]):
        print(line, file=sys.stderr)
    return label_names.renamed(bag, names), stream, out


def observe(bag: LabelledBag, stream: ActionStream, rate: float) -> Observed:
    """Replay a bag through a stream and keep at most ``rate`` frames a second of everybody.

    Args:
        bag: what to replay.
        stream: with the bag's topology; it is reset.
        rate: frames a second.
    """
    labels = tuple(label for label in stream.labels if label != BACKGROUND_LABEL)
    columns = {label: column for column, label in enumerate(labels)}
    frames: dict[str, list[tuple[float, np.ndarray]]] = {}
    scores: dict[str, list[tuple[float, np.ndarray]]] = {}
    inferences, behind, apart = stream.counters["inferences"], stream.config.look_ahead, 0.999 / rate

    def look() -> None:
        nonlocal inferences
        state = stream.state()
        decided = stream.counters["inferences"] != inferences
        inferences = stream.counters["inferences"]
        for person in state.people:
            kept = frames.setdefault(person.id, [])
            if person.last_seen == state.stamp and (not kept or state.stamp - kept[-1][0] >= apart):
                kept.append((state.stamp, np.asarray(person.joints, np.float32)))
            if decided and person.top:
                row = np.zeros(len(labels), np.float32)
                for label, score in person.top:
                    if label in columns:
                        row[columns[label]] = score
                scores.setdefault(person.id, []).append((state.stamp - behind, row))

    run = replay(bag, stream, look)
    people = tuple(_person(id, kept, scores.get(id, []), len(labels)) for id, kept in frames.items() if kept)
    told = tuple(found_actions(run))
    return Observed(run=run, labels=labels, known=known_labels(stream), people=people, told=told)


def _person(id: str, frames: list, scores: list, labels: int) -> SeenPerson:  # noqa: A002 (the field's word)
    return SeenPerson(
        id=id,
        stamps=np.array([stamp for stamp, _ in frames]),
        joints=np.stack([joints for _, joints in frames]),
        scored=np.array([stamp for stamp, _ in scores]),
        scores=np.array([row for _, row in scores], np.float32).reshape(len(scores), labels),
    )
