"""What a perception node published while a bag was recorded: events, and how long after a frame its state came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usdrl_model.errors.shown import LINE, cut, showable
from usdrl_model.events.onset_offset import EVENT_KINDS, Event
from usdrl_model.files import limits
from usdrl_model.files.documents import parse_json
from usdrl_ros.bags.labelled_bag import LabelledBag
from usdrl_ros.bags.recorded_topic import TEXT, RecordedTopic, skeleton_topics
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.messages.cdr import MalformedError
from usdrl_ros.wire import EVENTS, STAMP_DIGITS, STATE


@dataclass(frozen=True, slots=True)
class RecordedOutput:
    """The outputs of a node in a bag; empty where none was recorded."""

    events: tuple[Event, ...] = ()
    latencies: tuple[float, ...] = ()
    """Seconds from recording a frame to recording the first state inferred on it, as one clock measured both."""
    trouble: str = ""
    """Why some of it could not be used."""


def recorded_output(bag: LabelledBag) -> RecordedOutput:
    """Read the output topics of a bag; a bag without them has none, and what is malformed is counted and left out."""
    sent: dict[float, int] = {}
    for frame, recorded in zip(bag.frames, bag.recorded_ns, strict=True):
        sent.setdefault(round(frame.stamp, STAMP_DIGITS), recorded)
    events: list[Event] = []
    latencies: list[float] = []
    bad = 0
    topics, trouble = _topics(bag)
    for topic, stamp_ns, document in _texts(bag.path, topics):
        try:
            if topic == EVENTS:
                if document["kind"] in EVENT_KINDS:  # people who come and go are no actions
                    events.append(_event(document))
            elif (frame_ns := sent.pop(round(float(document["stamp"]), STAMP_DIGITS), None)) is not None:
                latencies.append((stamp_ns - frame_ns) / 1e9)
        except (KeyError, TypeError, ValueError):
            bad += 1
    if bad:
        trouble = f"{bad} recorded messages of {EVENTS} or {STATE} are malformed and left out"
    # A bag that was written from a file has the same time for both: nothing was measured.
    return RecordedOutput(tuple(events), tuple(latencies) if any(latencies) else (), trouble)


def _topics(bag: LabelledBag) -> tuple[dict[str, tuple[str, RecordedTopic]], str]:
    """Topic -> (``EVENTS`` or ``STATE``, what reads it) of the node that heard the skeletons, and why there is none."""
    with BagReader(bag.path) as reader:
        outputs = {one.name: (kind, one) for one in reader.topics for kind in (EVENTS, STATE)
                   if one.type == TEXT and one.name.endswith(f"/{kind}") and one.count}  # fmt: skip
        alike = [one for one in skeleton_topics(reader.topics) if _name(one.name) == _name(bag.truth.topic)]
    nodes = {name.removesuffix(f"/{kind}") for name, (kind, _) in outputs.items()}
    node = bag.truth.topic.rpartition("/")[0]
    if node not in nodes and len(nodes) == 1 and len(alike) < 2:
        (node,) = nodes
    if nodes and node not in nodes:
        there = cut(", ".join(sorted(f"{one}/{EVENTS}" for one in nodes)), LINE)
        return {}, f"{there}: of which topic of skeletons they tell is not known, so they are left out"
    return {name: (kind, RecordedTopic(one)) for name, (kind, one) in outputs.items() if name == f"{node}/{kind}"}, ""


def _name(topic: str) -> str:
    """Without its namespace: heads of a robot have topics of one name."""
    return topic.rpartition("/")[2]


def _texts(path: Path, topics: Mapping[str, tuple[str, RecordedTopic]]) -> Iterator[tuple[str, int, Any]]:
    """(``EVENTS`` or ``STATE``, time of recording, decoded JSON or None) of each message."""
    with BagReader(path) as bag:
        for message in bag.messages(list(topics)) if topics else ():
            kind, recorded = topics[message.topic]
            try:
                text = recorded.message(message.data, limits.JSON).data
                yield kind, message.stamp_ns, parse_json(text, kind)
            except (MalformedError, ValueError):
                yield kind, message.stamp_ns, None


def _event(document: dict[str, Any]) -> Event:
    event = Event(**document)
    if not (showable(event.person) and showable(event.label)):
        raise ValueError(cut(f"no event: {document}", LINE))
    numbers = (event.score, event.onset, event.stamp, event.onset if event.offset is None else event.offset)
    if not all(isinstance(value, int | float) and abs(value) < limits.LATEST for value in numbers):
        raise ValueError(cut(f"no event: {document}", LINE))
    return event
