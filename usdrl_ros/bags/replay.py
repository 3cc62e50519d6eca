"""Replays a labelled bag through the adapters and the stream of the live node, without ROS communication.

::

    bag = load_bag("bags/s01_e01")
    stream = ActionStream.from_pretrained(topology=bag.truth.topology)
    run = replay(bag, stream)
    print(run.events)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from usdrl_model.data.content_check import Sample
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.events.onset_offset import Event
from usdrl_model.files import limits
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labelled_bag import BagRun, LabelledBag
from usdrl_ros.bags.labels import Truth, load_truth
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
        damaged = bag.damaged
        troubles = (*bag.troubles, *(cut(text, LINE) for text in odd.values()))
    if not frames:
        raise BagError(": ".join([f"{path}: no skeletons on {truth.topic}", *filter(None, [reason]), *troubles]))
    truth, called = _by_id(truth, frames)
    return LabelledBag(
        path=path,
        truth=truth,
        called=called,
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


def _by_id(truth: Truth, frames: Sequence[SkeletonFrame]) -> tuple[Truth, str]:
    """The truth of the id in the frames, where both have one person, and the name there if it is another one."""
    names = {segment.person for segment in truth.segments}
    ids = {person.id for frame in frames for person in frame.people}
    if names == ids or not len(names) == len(ids) == 1:
        return truth, ""
    (name,), (id_,) = names, ids
    return replace(truth, segments=tuple(replace(one, person=id_) for one in truth.segments)), name


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
    """The adapter that the labels name, or else the first that reads messages of this type and this joint set."""
    readers = registry.readers(kind)
    if not readers:
        raise BagError(f"{path}: {truth.topic} is {kind}, which no input adapter reads")
    try:
        suited = [name for name in readers if truth.topology in (registry.load(name).topologies or [truth.topology])]
        adapter = registry.find(truth.input_type or (suited or readers)[0])
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
    stream.reset(anew=True)
    before = Counter(stream.counters)
    events: list[Event] = []
    for frame in bag.frames:
        events += stream.push(frame)
        progress()
    events += stream.advance(stream.state().stamp + stream.config.max_gap + A_MOMENT)
    stream.reset(anew=True)
    counters = Counter(stream.counters)
    counters.subtract(before)
    return BagRun(bag=bag, events=tuple(events), counters=dict(counters))
