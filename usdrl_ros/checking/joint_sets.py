"""Which joint set fits what was heard: that of people who look most like people, or whose joints have these names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from usdrl_model.plausibility import bodies
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_model.plausibility.joint_order import ODD
from usdrl_model.plausibility.live_check import STEP
from usdrl_model.plausibility.sights import Setup, Sight, to_canonical
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.topology import names
from usdrl_ros.checking.hearing import Captured
from usdrl_ros.inputs.conversion import Conversion, described
from usdrl_ros.inputs.further_topics import FurtherTopics
from usdrl_ros.inputs.registry import Input
from usdrl_ros.parameters.values import PerceptionConfig

TRIED = 40
"""Messages that are read with every joint set, to find the one that fits."""
IN_A_ROW = 400
"""The same where joints have names."""


class Sights:
    """Keeps the sights of five frames a second, to be judged together."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.sights: list[Sight] = []
        self._newest = -math.inf

    def add(self, believed: SkeletonFrame, measured: SkeletonFrame | None = None) -> None:
        """Add a frame; arguments as of ``ContentCheck.add``."""
        if self._newest < believed.stamp < self._newest + STEP:
            return
        self._newest = believed.stamp
        pairs = zip(believed.people, (measured or believed).people, strict=False)
        self.sights += [Sight.of(believed.stamp, sent, person, self.setup) for person, sent in pairs]


def fitting(
    messages: Sequence[Captured], source: Input, config: PerceptionConfig, convert: Callable[..., Conversion]
) -> tuple[str, object] | None:
    """The change to the joint set with which the messages can be read and look most like bodies; None: there is none.

    Args:
        messages: in the order of arrival.
        source: the adapter.
        config: settings.
        convert: ``converter`` of this source, without its settings.
    """
    main = [message for message in messages if not message.topic]
    chosen = {id(message) for message in main[:: max(1, len(main) // TRIED)]}
    some = [message for message in messages if message.topic or id(message) in chosen]
    fits: list[tuple[float, str]] = []
    for name, content in _read_as_each(some, source, config, convert):
        joints = np.stack([sight.joints for sight in content.sights])
        misfit = bodies.misfit(to_canonical(joints, content.setup.topology))
        if misfit < ODD:
            fits.append((misfit, name))
    return ("topology", min(fits)[1]) if fits else None


def better_named(
    messages: Sequence[Captured],
    source: Input,
    config: PerceptionConfig,
    convert: Callable[..., Conversion],
    content: Sights,
) -> list[Finding]:
    """Of joints that have names: another joint set all of whose names come, and more than of this one.

    Arguments as of ``fitting``; ``content``: what came with the joint set of ``config``.
    """
    mine, V = _seen(content), len(content.setup.topology.joints)
    if not source.adapter.named or mine == V:
        return []
    # In a row: joints may come one by one.
    whole = {name: _seen(one) for name, one in _read_as_each(messages[:IN_A_ROW], source, config, convert) if _all(one)}
    name = max(sorted(whole), key=lambda one: whole[one], default="")
    if not name or whole[name] <= mine:
        return []
    text = f"{mine} of the {V} joints of {config.topology} come, and all {whole[name]} of {name}: set topology: {name}"
    return [Finding("topology", Level.ERROR, text, ("topology", name))]


def _read_as_each(
    messages: Sequence[Captured], source: Input, config: PerceptionConfig, convert: Callable[..., Conversion]
) -> Iterator[tuple[str, Sights]]:
    """The joint sets with which the messages can be read, and the people that come of it."""
    for name in source.adapter.topologies or names():
        tried = replace(config, topology=name, target_frame="", mirrored=False)
        content, topics = Sights(described(source, tried)), FurtherTopics()
        try:
            silent: dict[str, Any] = {"tf": None, "warn": lambda *_: None, "topics": topics, "topic": "/skeletons"}
            reads = convert(tried, description=content.setup, **silent)
            for message in messages:
                if converted := message.read(reads, topics):
                    content.add(converted[1], converted[0].frame)
        except ValueError:  # of which InputError is one
            continue
        if content.sights:
            yield name, content


def _seen(content: Sights) -> int:
    """How many joints of the tracker are seen at any time."""
    if not content.sights:
        return 0
    return int(np.isfinite([sight.joints for sight in content.sights]).all(axis=2).any(axis=0).sum())


def _all(content: Sights) -> bool:
    return _seen(content) == len(content.setup.topology.joints)
