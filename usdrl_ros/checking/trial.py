"""Recorded messages read with some settings: what is wrong then, and who is seen."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from usdrl_model.errors.shown import LINE, cut
from usdrl_model.online.frame_filter import FrameFilter
from usdrl_model.plausibility import bodies
from usdrl_model.plausibility.findings import Finding, Level, nobody
from usdrl_model.plausibility.judge import judge
from usdrl_model.plausibility.mounting import estimate
from usdrl_model.plausibility.sights import to_canonical
from usdrl_ros.checking import joint_sets, settings
from usdrl_ros.checking.hearing import Captured
from usdrl_ros.checking.joint_sets import Sights
from usdrl_ros.checking.people import People, Seen
from usdrl_ros.diagnostics.reporting import AGAIN, RECENT
from usdrl_ros.diagnostics.source_checks import WHILE, SourceChecks
from usdrl_ros.inputs.common import InputError
from usdrl_ros.inputs.conversion import Conversion, converter, described, levelled_by
from usdrl_ros.inputs.deserialiser import Deserialiser
from usdrl_ros.inputs.further_topics import FurtherTopics
from usdrl_ros.inputs.registry import Input, load, readers
from usdrl_ros.parameters.values import PerceptionConfig

BACK, AHEAD = 1.0, 1.0
"""Seconds by which a stamp may be off the newest one, as in the pipeline with the default gap."""
OTHER_JOINT_SET = ("joint_count", "joint_range")
"""Refusals that another joint set mends."""
CHANGES = {"ids": ("ids", "own"), "renamed": ("ids", "own")}
"""Problems of stamps and people that a parameter mends."""
CENTRED = 0.1
"""Distance of the hips from the origin, relative to the torso, below which they are it."""
TILTED = 8.0
"""Degrees off the sensor's pose that are worth a note: twice the error of the estimate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What came of it."""

    findings: tuple[Finding, ...]
    """In the order in which to mend them."""
    measured: dict[str, str] = field(default_factory=dict)
    people: tuple[Seen, ...] = ()
    frame_ids: tuple[str, ...] = ()
    rate: float = math.nan
    """Frames a second, by stamps."""
    delay: float = math.nan
    """Median seconds from stamp to arrival."""


@dataclass(kw_only=True, slots=True)
class _Heard:
    """What came of the messages, to be judged together."""

    content: Sights
    checks: SourceChecks = field(default_factory=SourceChecks)
    counters: Counter[str] = field(default_factory=Counter)
    people: People = field(default_factory=People)
    refused: Counter[str] = field(default_factory=Counter)
    now: float = 0.0
    """When the message came that is read, seconds that never jump."""
    odd: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Messages that were understood, by what is odd about them: when they came."""
    texts: dict[str, str] = field(default_factory=dict)
    """Kind of what is refused or odd -> the newest text."""
    frame_ids: set[str] = field(default_factory=set)
    delays: list[float] = field(default_factory=list)
    """Seconds from stamp to arrival."""

    def warn(self, kind: str, text: str) -> None:
        """Something about a message is odd."""
        self.odd[kind].append(self.now)
        self.texts[kind] = cut(text, LINE)


def run(
    messages: Sequence[Captured],
    source: Input,
    options: Mapping[str, Any],
    config: PerceptionConfig,
    topic: str,
    tf: Any,
    publishers: int = 1,
) -> Trial:
    """Read messages as the node would with ``config``.

    Args:
        messages: in the order of arrival.
        source: the adapter.
        options: values of its own parameters.
        config: settings.
        topic: resolved name, for texts.
        tf: a tf2 buffer, or None.
        publishers: of the topic, for texts.
    """
    config, before = settings.tried(source, config, tf)
    deserialise = Deserialiser(source.message_type, source.adapter.parts)
    convert = partial(converter, source, deserialise=deserialise, options=options)
    fitting, further = partial(joint_sets.fitting, messages, source, config, convert), FurtherTopics()
    try:
        heard = _Heard(content=Sights(described(source, config)))
        reads = convert(config, tf=tf, description=heard.content.setup, warn=heard.warn, topics=further, topic=topic)
    except ValueError as error:
        change = fitting() if "topology" in str(error) else None
        return Trial(findings=(*before, Finding("settings", Level.ERROR, cut(error, LINE), change)))
    _read(messages, reads, further, heard)
    came = {message.topic for message in messages}
    if silent := [route.topic for route in further.routes if route.topic not in came]:
        text = (
            f"{source.name} reads {', '.join(silent)} as well, of which nothing was heard: see the node's /diagnostics"
        )
        before.append(Finding("further_topics", Level.NOTE, text))
    before += joint_sets.better_named(messages, source, config, convert, heard.content)
    trial = _judged(messages, heard, source, config, topic, publishers, fitting)
    return replace(trial, findings=(*before, *trial.findings))


def reader(
    source: Input, options: Mapping[str, Any], config: PerceptionConfig, topic: str, tf: Any
) -> tuple[Conversion | None, FurtherTopics]:
    """What asks for further topics by the messages as they come, and those topics; None with settings that do not fit.

    Arguments as of ``run``.
    """
    config, _ = settings.tried(source, config, tf)
    deserialise = Deserialiser(source.message_type, source.adapter.parts)
    topics = FurtherTopics()
    try:
        silent: dict[str, Any] = {"deserialise": deserialise, "options": options, "warn": lambda *_: None}
        given: dict[str, Any] = {"tf": tf, "description": described(source, config), "topics": topics, "topic": topic}
        return converter(source, config, **given, **silent), topics
    except ValueError:  # which ``run`` tells
        return None, FurtherTopics()


def _read(messages: Sequence[Captured], convert: Conversion, further: FurtherTopics, heard: _Heard) -> None:
    """Convert the messages; ``heard`` keeps what came of them."""
    course = FrameFilter(heard.content.setup.topology, heard.counters)
    course.restart(BACK, AHEAD)
    for message in messages:
        heard.now = message.steady
        try:
            converted = message.read(convert, further)
        except InputError as error:
            heard.refused[error.kind] += 1
            heard.texts[error.kind] = cut(error, LINE)
            continue
        if converted is None:
            continue
        sent, frame = converted
        heard.content.add(frame, sent.frame)
        heard.checks.heard(message.steady, sent)
        heard.checks.published(message.steady, message.arrival - frame.stamp)
        heard.delays.append(message.arrival - frame.stamp)
        heard.frame_ids.add(sent.frame_id)
        believed, jump = course.accept(frame)
        if jump:
            course.restart(BACK, AHEAD)
        if believed:
            heard.people.add(frame, heard.content.setup.topology)


def _judged(
    messages: Sequence[Captured],
    heard: _Heard,
    source: Input,
    config: PerceptionConfig,
    topic: str,
    publishers: int,
    fitting: Callable[[], tuple[str, object] | None],
) -> Trial:
    """What is wrong with what was heard, and who was seen; arguments as of ``run``, ``fitting`` of ``joint_sets``."""
    content = heard.content
    now = messages[-1].steady if messages else 0.0
    counters = dict(heard.counters)
    if config.ids != "own":
        counters["leaps_refused"] = heard.people.leaps(WHILE)
        counters["ids_renewed"] = heard.people.renewals(WHILE)
    troubles = heard.checks.troubles(now, counters, topic, publishers, config.max_people)
    if levelled_by(config) != "target_frame":
        troubles |= heard.checks.frames(now)
    found, measured, _ = judge(content.sights, content.setup)
    if any(finding.key == "units" for finding in found):
        troubles.pop("ids", None)  # in other units everybody leaps
    if not content.sights and messages and not heard.refused:
        found = [replace(nobody("that came: let somebody stand before the sensor"), level=Level.WARN)]
    findings = [
        *_refusals(heard.refused, heard.texts, sum(not one.topic for one in messages), fitting),
        *(Finding(kind, Level.WARN, text, CHANGES.get(kind)) for kind, text in troubles.items()),
        *(_odd(kind, heard.texts[kind], times) for kind, times in heard.odd.items()),
        *_centred(content, source),
        *found,
        *([] if any(finding.level > Level.NOTE for finding in found) else _tilt(content, config)),
    ]
    return Trial(
        findings=tuple(findings),
        measured=measured,
        people=heard.people.seen(),
        frame_ids=tuple(sorted(heard.frame_ids)),
        rate=heard.checks.rate,
        delay=float(np.median(heard.delays)) if heard.delays else math.nan,
    )


def _odd(kind: str, text: str, times: Sequence[float]) -> Finding:
    """What is odd about messages; as in the node, seldom it is a hint."""
    often = any(last - first < RECENT for first, last in zip(times, times[AGAIN - 1 :], strict=False))
    return Finding(kind, Level.WARN if often else Level.NOTE, f"{text} ({len(times)} messages)")


def _centred(content: Sights, source: Input) -> list[Finding]:
    """Landmarks whose hips are the origin, read as joints in space: the adapter that puts such people somewhere."""
    name = content.setup.topology.name
    tell = [one for one in readers(source.adapter.message) if load(one).topologies == (name,)]
    if source.adapter.topologies or not tell or not content.sights:
        return []
    joints = to_canonical(np.stack([sight.joints for sight in content.sights]), content.setup.topology)
    if not bodies.median(np.linalg.norm(bodies.joint(joints, "hip"), axis=1)) < CENTRED * bodies.torso(joints):
        return []
    text = (
        f"everybody's hips are the origin, as in world landmarks, so that nobody has a place: set input_type: {tell[0]}"
    )
    return [Finding("input_type", Level.WARN, text, ("input_type", tell[0]))]


def _refusals(
    refused: Counter[str], texts: dict[str, str], total: int, fitting: Callable[[], tuple[str, object] | None]
) -> list[Finding]:
    found = []
    for kind, count in refused.most_common():
        level = Level.ERROR if count >= total else Level.WARN
        text = f"{count} of {total} messages are refused ({kind}): {texts[kind]}"
        change = fitting() if kind in OTHER_JOINT_SET else None
        if change:
            text += f": set topology: {change[1]}"
        found.append(Finding(kind, level, text, change))
    return found


def _tilt(content: Sights, config: PerceptionConfig) -> list[Finding]:
    """A tilt that does not make people implausible, but costs some of their actions."""
    if content.setup.levelled_by not in ("", "sensor_pose") or not content.sights:
        return []
    joints = np.stack([sight.joints for sight in content.sights])
    mounted = estimate(to_canonical(joints, content.setup.topology))
    roll, pitch = config.sensor_pose[3:5]
    if mounted is None or math.degrees(math.hypot(mounted.roll - roll, mounted.pitch - pitch)) < TILTED:
        return []
    pose = list(map(float, mounted.pose(config.sensor_pose)))  # ROS takes no list of integers and floats
    text = (
        f"by those who stand, the sensor has roll {mounted.roll:.2f} and pitch {mounted.pitch:.2f} (radians): set"
        f" sensor_pose: {pose}, or measure it"
    )
    return [Finding("tilt", Level.NOTE, text)]
