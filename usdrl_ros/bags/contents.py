"""Lists the content and the problems of a bag, for ``usdrl-bag info``."""

from __future__ import annotations

from array import array
from collections import Counter

import numpy as np

from usdrl_model.progress import progress
from usdrl_model.skeleton import recording_gaps
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.header_stamps import Headers, has_header
from usdrl_ros.bags.recorded_topic import RecordedTopic
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.messages.cdr import MalformedError


def contents(bag: BagReader) -> list[str]:
    """Length, topics, messages and problems of a bag, one line each. Reads all of it.

    Raises:
        BagError: the bag is damaged.
    """
    counts: Counter[str] = Counter()
    malformed: Counter[str] = Counter()
    known: dict[str, RecordedTopic] = {}
    notes: dict[str, str] = {}
    for topic in bag.topics:
        if topic.encoding != "cdr":
            notes[topic.name] = f"{topic.name}: messages are {topic.encoding}, not cdr: they are not read"
            counts[topic.name] = topic.count
            continue
        try:
            known[topic.name] = RecordedTopic(topic)
        except BagError as error:  # its package is not installed, or of another distribution
            notes[topic.name] = str(error)
    stamps = array("d")
    headers: dict[str, Headers] = {name: Headers() for name, one in known.items() if has_header(one.type)}
    readable = [topic.name for topic in bag.topics if topic.encoding == "cdr"]
    for message in progress(bag.messages(readable), unit="message", leave=False, delay=1.0):
        stamps.append(message.stamp_ns / 1e9)
        counts[message.topic] += 1
        if message.topic in known:
            try:
                known[message.topic].check(message.data)
                if message.topic in headers:
                    headers[message.topic].add(message.data, message.stamp_ns)
            except MalformedError:
                malformed[message.topic] += 1
            except BagError as error:
                notes[message.topic] = str(error)
                del known[message.topic]
    time = recording_gaps.Shortened(stamps)
    length = recording_gaps.seconds(np.sort(stamps)) if stamps else bag.duration
    lines = [f"{bag.path}: {length:.2f} s from {bag.start_ns / 1e9:.3f} s"]
    for topic in bag.topics:
        line = f"  {topic.name}  {topic.type}  {counts[topic.name]} messages{'  latched' * topic.latched}"
        line += f"  {malformed[topic.name]} of them malformed" if malformed[topic.name] else ""
        lines.append(line + (headers[topic.name].told() if topic.name in headers else ""))
    return lines + [f"  note: {note}" for note in (*notes.values(), *bag.troubles, time.told()) if note]
