"""Replays a labelled bag through the adapters and the stream of the live node, without ROS communication.

::

    bag = load_bag("bags/s01_e01")
    stream = ActionStream.from_pretrained(topology=bag.truth.topology)
    run = replay(bag, stream)
    print(run.events)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usdrl_model.data.content_check import Sample, Verdict
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.events.onset_offset import Event
from usdrl_model.files import limits
from usdrl_model.online.stream import ActionStream
from usdrl_model.plausibility.findings import Finding
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import Truth, load_truth
from usdrl_ros.bags.labels_fit import elsewhen, outside
from usdrl_ros.bags.recorded_topic import RecordedTopic
from usdrl_ros.bags.storage import BagMessage, BagReader
from usdrl_ros.bags.storage_file import Topic
from usdrl_ros.inputs import options, registry
from usdrl_ros.inputs.common import InputError
from usdrl_ros.inputs.conversion import Conversion, converter, described
from usdrl_ros.inputs.further_topics import FurtherTopics, Heard
from usdrl_ros.messages.cdr import MalformedError
from usdrl_ros.messages.types import type_name

MALFORMED = "malformed"
"""Reason of a refusal: the bytes are not a message of their type."""
A_MOMENT = 1e-3
"""Seconds by which the final silence is longer than the longest gap."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledBag:
    """A bag with its truth, decoded."""

    path: Path
    truth: Truth
    input_type: str
    """Name of an input adapter."""
    person_id: str
    """Id of the person in messages without ids."""
    frames: tuple[SkeletonFrame, ...]
    """Canonical joints, in the order of the messages."""
    recorded_ns: tuple[int, ...]
    """Time of recording of every frame, nanoseconds."""
    findings: tuple[Finding, ...]
    """Findings of the content check, see ``usdrl_model.plausibility.findings``."""
    refused: dict[str, int]
    """Refused messages: reason -> count."""
    further_topics: tuple[str, ...] = ()
    """Topics that the adapter reads beside its main one."""
    troubles: tuple[str, ...] = ()
    """Problems of the bag, see ``BagReader.troubles``, and gaps in its time."""
    damaged: bool = False
    """Messages may be missing: the bag itself has troubles."""

    @property
    def name(self) -> str:
        """The name of the bag's folder."""
        return self.path.resolve().name

    @property
    def duration(self) -> float:
        """Seconds from the first to the last stamp, without jumps of the clock."""
        return recording_gaps.seconds(np.sort([frame.stamp for frame in self.frames]))

    def time(self) -> recording_gaps.Shortened:
        """The time axis for pictures, with long gaps shortened."""
        return recording_gaps.Shortened([frame.stamp for frame in self.frames])

    def check_one_topic(self) -> None:
        """Raise BagError where its skeletons come from several topics, of which one is played live."""
        if self.further_topics:
            raise BagError(
                f"{self.path}: input_type {self.input_type} reads {', '.join(self.further_topics)} as well, and one"
                " topic is played live: evaluate it offline (usdrl-evaluate-bag without --live)"
            )

    def judgement(self) -> list[str]:
        """Whether people look like people, and ``warnings``: lines for who reads it."""
        return [Verdict.of([self.findings]).line(), *self.warnings()]

    def warnings(self) -> list[str]:
        """Problems other than ``findings``, one line each."""
        found = list(self.troubles)
        stamps = np.array([frame.stamp for frame in self.frames])
        behind = np.maximum.accumulate(stamps) - stamps
        if behind.any():
            found.append(
                f"{np.count_nonzero(behind)} of {len(stamps)} frames are stamped before an earlier one, by up to"
                f" {behind.max():.6g} s: a clock was set back, or one stamp is wrong; a store leaves these frames out"
            )
        if self.refused:
            reasons = ", ".join(f"{reason} {count}" for reason, count in self.refused.items())
            found.append(f"{sum(self.refused.values())} messages were refused: {reasons}")
        return [*found, *filter(None, [outside(self.truth.segments, stamps.tolist())])]

    def check_labels(self, *, some: bool = False) -> None:
        """Raise BagError where all of its labels, or with ``some`` any of them, are of another time.

        Those of a damaged bag may be of what is missing.
        """
        if self.damaged:
            return
        stamps = [frame.stamp for frame in self.frames]
        strange = elsewhen(self.truth.segments, stamps)
        if strange and (some or len(strange) == len(self.truth.segments)):
            raise BagError(f"{self.path}: {outside(self.truth.segments, stamps)}: expected header stamps")

    def presence(self) -> dict[str, np.ndarray]:
        """Person -> (T,) stamps of all messages with this person, repeated stamps included."""
        stamps: dict[str, list[float]] = {}
        for frame in self.frames:
            for person in frame.people:
                stamps.setdefault(person.id, []).append(frame.stamp)
        return {person: np.array(seen) for person, seen in stamps.items()}

    def only_person(self) -> str | None:
        """The name in the labels of the only one there, whatever their id; None where labels or bag have several."""
        names = {segment.person for segment in self.truth.segments}
        return names.pop() if len(names) == 1 == len(self.presence()) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class BagRun:
    """Result of the pipeline on a bag."""

    bag: LabelledBag
    events: tuple[Event, ...]
    counters: dict[str, int]
    """As ``ActionStream.counters``, of this bag only."""
    latencies: tuple[float, ...] = ()
    """Seconds from publishing a message to receiving the state inferred on it; live only."""
    lost_messages: int = 0
    """Published messages that did not reach the pipeline; live only."""


def load_bag(path: str | Path, truth: Truth | None = None) -> LabelledBag:
    """Read a bag and its labels.

    Args:
        path: of the bag.
        truth: its labels; None reads those beside it.

    Raises:
        BagError: bag or labels cannot be used, the labelled topic is not in the bag or has no skeletons, or all of its
            messages are refused.
    """
    path = Path(path)
    truth = truth or load_truth(path)
    frames: list[SkeletonFrame] = []
    recorded_ns: list[int] = []
    refused: Counter[str] = Counter()
    reason = ""
    with BagReader(path) as bag:
        topics = {topic.name: topic for topic in bag.topics}
        if truth.topic not in topics:
            raise BagError(f"{path}: expected topic {truth.topic}, the bag has {', '.join(topics) or 'none'}")
        further, odd = FurtherTopics(), dict[str, str]()
        adapter, content, convert = _reading(path, truth, topics[truth.topic], further, odd)
        for message, heard in _read(bag, truth.topic, further):
            try:
                converted = convert(heard, message.stamp_ns * 1e-9)
            except (InputError, MalformedError) as error:
                refused[error.kind if isinstance(error, InputError) else MALFORMED] += 1
                reason = str(error)
                continue
            if converted is not None:
                content.add(converted[1], converted[0].frame)
                frames.append(converted[1])
                recorded_ns.append(message.stamp_ns)
        damaged = bool(bag.troubles)
        troubles = (*bag.troubles, *(cut(text, LINE) for text in odd.values()))
    if not frames:
        raise BagError(": ".join([f"{path}: no skeletons on {truth.topic}", *filter(None, [reason]), *troubles]))
    return LabelledBag(
        path=path,
        truth=truth,
        input_type=adapter.name,
        person_id=convert.context.person_id,
        frames=tuple(frames),
        recorded_ns=tuple(recorded_ns),
        findings=tuple(content.findings()),
        refused=dict(refused),
        further_topics=tuple(route.topic for route in further.routes),
        damaged=damaged,
        troubles=(*troubles, *filter(None, [recording_gaps.Shortened([frame.stamp for frame in frames]).told()])),
    )


def _reading(
    path: Path, truth: Truth, topic: Topic, further: FurtherTopics, odd: dict[str, str]
) -> tuple[registry.Input, Sample, Conversion]:
    """How the messages of a topic become frames.

    Args:
        path: of the bag, for errors.
        truth: how its messages are to be read.
        topic: the one with the skeletons.
        further: receives the topics that the adapter reads beside it.
        odd: receives what is odd about messages, by kind.

    Returns:
        the adapter, the check of what people look like, still empty, and the conversion.

    Raises:
        BagError: no adapter reads the topic as the truth says.
    """
    recorded, adapter, config = RecordedTopic(topic), _adapter(path, truth, topic.type), truth.source()
    description = described(adapter, config)
    content = Sample(description)
    try:
        if adapter.adapter.tf:
            raise ValueError(f"input_type {adapter.name}: looks up transforms, which is possible live only")
        convert = converter(
            adapter,
            config,
            deserialise=lambda data: recorded.message(data, limits.SKELETONS),
            tf=None,
            description=description,
            warn=odd.__setitem__,
            topics=further,
            topic=truth.topic,
            options=options.values(adapter.adapter.options, truth.input_options),
        )
    except ValueError as error:
        raise BagError(f"{path}: {error}") from error
    return adapter, content, convert


def _read(bag: BagReader, topic: str, further: FurtherTopics) -> Iterator[tuple[BagMessage, bytes | Heard]]:
    """The messages of the main topic and of those that the adapter wants at that moment, in the order of recording."""
    wanted = [topic]
    if further.routes:  # an adapter that reads others does so from the beginning
        wanted += [one.name for one in bag.topics if one.encoding == "cdr"]
    for message in bag.messages(wanted):
        if message.topic == topic:
            yield message, message.data
            continue
        for route in further.routes:
            if (message.topic, message.type) == (f"/{route.topic.lstrip('/')}", type_name(route.kind)):
                yield message, Heard(route, message.data)


def _adapter(path: Path, truth: Truth, kind: str) -> registry.Input:
    """The adapter that the labels name, or else the first that reads messages of this type."""
    readers = registry.readers(kind)
    if not readers:
        raise BagError(f"{path}: {truth.topic} is {kind}, which no input adapter reads")
    try:
        adapter = registry.find(truth.input_type or readers[0])
    except ValueError as error:
        raise BagError(f"{path}: {error}") from error
    if adapter.adapter.message != kind:
        raise BagError(
            f"{path}: {truth.topic} is {kind}, but input_type {adapter.name} reads {adapter.adapter.message}: leave"
            f" input_type out, or choose {', '.join(readers)}"
        )
    return adapter


def replay(bag: LabelledBag, stream: ActionStream, progress: Callable[[], object] = lambda: None) -> BagRun:
    """Push every frame of a bag through a stream.

    The end of the bag counts as a silent tracker: all people are lost.

    Args:
        bag: what to replay.
        stream: with the bag's topology; it is reset.
        progress: called after every frame.
    """
    stream.reset()
    before = Counter(stream.counters)
    events: list[Event] = []
    for frame in bag.frames:
        events += stream.push(frame)
        progress()
    events += stream.advance(stream.state().stamp + stream.config.max_gap + A_MOMENT)
    stream.reset()
    counters = Counter(stream.counters)
    counters.subtract(before)
    return BagRun(bag=bag, events=tuple(events), counters=dict(counters))
