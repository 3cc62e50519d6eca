"""A labelled bag through the pipeline, without ROS communication: the same adapters and stream as the live node.

::

    bag = load_bag("bags/s01_e01")
    stream = ActionStream.from_pretrained(topology=bag.truth.topology)
    run = replay(bag, stream)
    print(run.events)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rclpy.serialization import deserialize_message

from usdrl_model import gaps
from usdrl_model.content import Finding
from usdrl_model.content_sample import Sample
from usdrl_model.events import Event
from usdrl_model.sights import Setup
from usdrl_model.skeleton import UNITS, SkeletonFrame
from usdrl_model.stream import ActionStream
from usdrl_model.topology import topology
from usdrl_ros.bag_error import BagError
from usdrl_ros.bag_storage import BagReader
from usdrl_ros.frames import AXES, Frames
from usdrl_ros.inputs import INPUTS, InputError
from usdrl_ros.message_types import message_class
from usdrl_ros.truth import Truth, load_truth

STAMP_DIGITS = 6
"""Decimals of the seconds in the node's JSON: what times are rounded to before they are compared."""
A_MOMENT = 1e-3
"""Seconds beyond the longest allowed gap."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledBag:
    """A bag with its truth, decoded."""

    path: Path
    truth: Truth
    input_type: str
    """Key of ``inputs.INPUTS``."""
    person_id: str
    """Id of the person where the messages name none."""
    frames: tuple[SkeletonFrame, ...]
    """Canonical joints, in the order of the messages."""
    recorded_ns: tuple[int, ...]
    """When the message of every frame was recorded, nanoseconds."""
    findings: tuple[Finding, ...]
    """What is wrong with the people in it, see ``usdrl_model.content``."""
    refused: dict[str, int]
    """Messages that no adapter understood: reason -> count."""

    @property
    def name(self) -> str:
        """The name of the bag's folder."""
        return self.path.resolve().name

    @property
    def duration(self) -> float:
        """Seconds from the first to the last stamp, without those in which the clock jumps."""
        return gaps.seconds(np.sort([frame.stamp for frame in self.frames]))

    def presence(self) -> dict[str, np.ndarray]:
        """Person -> (T,) stamps of all messages with this person, repeated stamps included."""
        stamps: dict[str, list[float]] = {}
        for frame in self.frames:
            for person in frame.people:
                stamps.setdefault(person.id, []).append(frame.stamp)
        return {person: np.array(seen) for person, seen in stamps.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class BagRun:
    """What the pipeline made of a bag."""

    bag: LabelledBag
    events: tuple[Event, ...]
    counters: dict[str, int]
    """As ``ActionStream.counters``, of this bag only."""
    latencies: tuple[float, ...] = ()
    """Seconds from publishing a message to receiving the state inferred on it; live only."""
    lost_messages: int = 0
    """Messages that were published but did not reach the pipeline; live only."""


def load_bag(path: str | Path) -> LabelledBag:
    """Read a bag and its labels.

    Raises:
        BagError: bag or labels cannot be used, the labels' topic is not in the bag or carries no skeletons, or no
            message of it can be understood.
    """
    path = Path(path)
    truth = load_truth(path)
    frames: list[SkeletonFrame] = []
    recorded_ns: list[int] = []
    refused: Counter[str] = Counter()
    reason = ""
    with BagReader(path) as bag:
        types = {topic.name: topic.type for topic in bag.topics}
        if truth.topic not in types:
            raise BagError(f"{path}: labels are for topic {truth.topic}, the bag has {', '.join(types) or 'none'}")
        kind = message_class(types[truth.topic])
        matching = [name for name, adapter in INPUTS.items() if adapter.message_type is kind]
        if not matching:
            raise BagError(f"{path}: {truth.topic} is {types[truth.topic]}, which no input adapter reads")
        people = {segment.person for segment in truth.segments}
        person_id = people.pop() if len(people) == 1 else "0"
        decode = INPUTS[matching[0]].decode
        joint_set = topology(truth.topology)
        order = joint_set.order(truth.mirrored)
        change = Frames(truth.axes, units=truth.units, order=order)
        content = Sample(
            Setup(
                topology=joint_set,
                axes=truth.axes,
                rotation=AXES[truth.axes],
                metres=UNITS[truth.units],
                mirrored=truth.mirrored,
                order=order,
            )
        )
        for message in bag.messages([truth.topic]):
            try:
                source = decode(deserialize_message(message.data, kind), joint_set, person_id)
            except InputError as error:
                refused[error.kind] += 1
                reason = str(error)
                continue
            if source is not None:
                frames.append(change.to_canonical(source))
                content.add(frames[-1], source.frame)
                recorded_ns.append(message.stamp_ns)
    if not frames:
        raise BagError(f"{path}: no skeletons on {truth.topic}{': ' + reason if reason else ''}")
    return LabelledBag(
        path=path,
        truth=truth,
        input_type=matching[0],
        person_id=person_id,
        frames=tuple(frames),
        recorded_ns=tuple(recorded_ns),
        findings=tuple(content.findings()),
        refused=dict(refused),
    )


def replay(bag: LabelledBag, stream: ActionStream, progress: Callable[[], object] = lambda: None) -> BagRun:
    """Push every frame of a bag through a stream, as fast as it goes.

    The end of the bag is what it is on a robot: the tracker falls silent, and everybody is lost.

    Args:
        bag: what to replay.
        stream: of the bag's topology; it forgets what it knew.
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
