"""Further topics of a source: what an adapter wants to read, and what becomes of their messages.

The adapter asks (``Context.subscribe``), a node or a bag delivers: it follows ``routes``, and gives every message as
``Heard`` to the same ``Conversion`` as those of the main topic. So an adapter needs no locks, and a bag is read as the
live topics are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from usdrl_model.errors.shown import NAME, cut
from usdrl_ros.inputs.adapter import DEPTH, PARTS, Decode
from usdrl_ros.inputs.deserialiser import Deserialiser
from usdrl_ros.messages.types import message_class

MOST = 200
"""Topics of one source; two for each of the people that one message may have, and some for all."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Route:
    """One further topic."""

    topic: str
    kind: Any
    """Class of its messages."""
    decode: Decode
    deserialise: Callable[[bytes], Any]
    latched: bool
    depth: int

    def quality(self) -> QoSProfile:
        """Of a subscription: best effort hears every publisher, but a latched one is heard by reliable ones only."""
        if self.latched:
            durability = DurabilityPolicy.TRANSIENT_LOCAL
            return QoSProfile(depth=self.depth, reliability=ReliabilityPolicy.RELIABLE, durability=durability)
        return QoSProfile(depth=self.depth, reliability=ReliabilityPolicy.BEST_EFFORT)


@dataclass(frozen=True, slots=True)
class Heard:
    """A serialised message of a further topic."""

    route: Route
    data: bytes

    def __sizeof__(self) -> int:
        return sys.getsizeof(self.data)


class FurtherTopics:
    """What an adapter wants to read now. It changes on the thread of the adapter, and others may look at any time."""

    def __init__(self) -> None:
        self.routes: tuple[Route, ...] = ()
        """The topics; replaced as a whole."""
        self.changed: Callable[[], object] = lambda: None
        """Called after every change."""

    def subscribe(
        self,
        topic: str,
        message: str,
        decode: Decode,
        *,
        latched: bool = False,
        depth: int = DEPTH,
        parts: int = PARTS,
    ) -> Callable[[], None]:
        """See ``adapter.Subscribe``."""
        if any(route.topic == topic for route in self.routes):
            raise ValueError(f"{cut(topic, NAME)}: expected a topic that is not read yet, got it twice")
        if len(self.routes) >= MOST:
            raise ValueError(f"{cut(topic, NAME)}: expected {MOST} topics at most: end others first")
        try:
            kind = message_class(message)
        except ValueError:
            raise ValueError(
                f"topic {cut(topic, NAME)}: needs {cut(message, NAME)}, whose package is not installed: install it, and"
                " source its setup.bash"
            ) from None
        route = Route(
            topic=topic,
            kind=kind,
            decode=decode,
            deserialise=Deserialiser(kind, parts),
            latched=latched,
            depth=depth,
        )
        self.routes = (*self.routes, route)
        self.changed()

        def end() -> None:
            self.routes = tuple(one for one in self.routes if one is not route)
            self.changed()

        return end
