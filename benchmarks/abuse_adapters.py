"""Spoilt messages for every input adapter, decoded here as the node decodes them; valid ones between and afterwards.

Most message packages are not installed, so these are stand-ins with the published fields, and no message goes through
the middleware. Its bytes are spoilt as well and measured, which comes before anything is deserialised.
"""

from __future__ import annotations

import copy
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from abuse_messages import spoil_bytes, spoil_field
from abuse_report import Options, Row, stop_at
from helpers import stand_ins, tracker_messages
from rclpy.serialization import serialize_message

from usdrl_model.skeleton.person import canonical
from usdrl_ros.inputs.common import InputError
from usdrl_ros.inputs.registry import built_in, load
from usdrl_ros.messages.cdr import Layout, MalformedError

SLOW = 0.25
"""Seconds of one message, at most; the whole node waits for it."""
FRESH = 40
"""Spoilt messages between two pictures or crowds that are made anew."""


def run(options: Options) -> Iterator[Row]:
    """A row for every adapter."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        stand_ins.install(patch)
        table = Path(folder) / "bodies.yaml"
        table.write_text(tracker_messages.TABLE, encoding="utf-8")
        for kind in built_in():
            yield fuzz(kind, str(table), options)
            if load(kind).plane:
                yield fuzz(kind, str(table), options, depth=False)


def fuzz(kind: str, table: str, options: Options, *, depth: bool = True) -> Row:
    """Give an adapter spoilt messages for so long as is asked for; ``depth``: with depth images, if it takes any."""
    chance = random.Random(f"{kind} {options.seed}")
    source = tracker_messages.Source(kind, table, depth)
    parts = load(kind).parts
    refused: Counter[str] = Counter()
    wrong: list[str] = []
    tried, slowest, clock = 0, 0.0, 1000.0
    end = stop_at(options.adapter_minutes)
    while time.monotonic() < end and len(wrong) < 5:
        clock += 0.1
        made = tracker_messages.messages(kind, clock, depth=depth)
        for _ in range(FRESH):
            clock += chance.choice((0.0, 0.01, 0.03, 0.1, -0.05))
            topic, valid = chance.choice(made)
            message = copy.deepcopy(valid)
            done = [spoil_field(message, chance) for _ in range(chance.choice((0, 1, 1, 2, 5)))]
            tried += 1
            if not _measured(parts, message, chance, wrong):
                refused["not deserialised"] += 1
                continue
            before = time.thread_time()
            told = _given(source, topic, message, clock, refused)
            slowest = max(slowest, took := time.thread_time() - before)
            if took > SLOW:
                told = f"took {took:.2f} s of the processor"
            if told:
                wrong.append(f"{topic or 'main topic'}, spoilt {', '.join(done) or 'not at all'}: {told}")
            if time.monotonic() > end:
                break
    seen = _recovers(source, clock + 5.0, depth)
    if not seen:
        wrong.append("valid messages were not people afterwards")
    return Row(
        what=f"spoilt messages, {kind}{' without depth' * (not depth)}, decoded here",
        tried=tried,
        good=tried - len(wrong),
        measured=f"{refused.total()} refused; longest {1e3 * slowest:.0f} ms",
        failures=[*wrong[:5], f"repeat with --only adapters --seed {options.seed}"] if wrong else [],
    )


def _given(source: Any, topic: str, message: Any, clock: float, refused: Counter[str]) -> str:
    """What is wrong with what came of a message; empty if nothing."""
    try:
        frame = source(topic, message, clock)
    except InputError as error:
        refused[error.kind] += 1
        return f"{error}" if error.kind == "adapter" else ""
    except Exception as error:  # whatever it is, it should not be
        return f"{type(error).__name__}: {error}"
    for person in () if frame is None else frame.people:
        joints, confidence = canonical(person, source.convert.context.topology)
        if not np.isfinite(joints).all() or np.abs(joints).max() > 1e3 or not 0 <= confidence.min() <= 1:
            return f"joints that are no places: {joints.tolist()}"
    return ""


def _measured(parts: int, message: Any, chance: random.Random, wrong: list[str]) -> bool:
    """Measure the bytes of a message, also spoilt, without harm; whether the node would deserialise it."""
    layout = Layout(message.get_fields_and_field_types())
    try:
        real = isinstance(getattr(type(message), "__slots__", None), list)  # as rosidl makes them
        content = bytes(serialize_message(message)) if real else stand_ins.cdr(message)
    except Exception:  # numbers that no message has
        return False
    try:
        layout.end(spoil_bytes(content, chance), parts)
    except MalformedError:
        pass
    except Exception as error:
        wrong.append(f"measuring bytes: {type(error).__name__}: {error}")
    return layout.fits(content, parts)


def _recovers(source: Any, start: float, depth: bool) -> bool:
    """Whether valid messages are people again."""
    seen = 0
    for step in range(40):
        stamp = start + step / 10
        for topic, message in tracker_messages.messages(source.kind, stamp, depth=depth):
            try:
                frame = source(topic, message, stamp)
            except InputError:
                continue
            seen = len(frame.people) if frame is not None else seen
    return seen > 0
