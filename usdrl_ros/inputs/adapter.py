"""The interface between a source of skeletons and the node: an ``Adapter`` reads the messages of one type.

A package offers one as an entry point of the group ``usdrl_ros.inputs``; docs/adapters.md shows a whole one::

    def decode(message, context):
        people = [Person(body.name, joints(body)) for body in message.bodies]  # one (V, 3) array each
        return context.frame(people, message.header)

    ADAPTER = Adapter(message="my_msgs/msg/Bodies", version=1, decode=decode)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.topology import Topology
from usdrl_model.skeleton.topology import topology as find_topology
from usdrl_ros.inputs.common import MAX_PEOPLE, InputError, SourceFrame, ros_time, source_frame
from usdrl_ros.inputs.coordinate_frames import look_up
from usdrl_ros.inputs.options import Option

VERSION = 1
"""Version of this interface. It changes when adapters written for the old one would no longer work."""
PARTS = 40 * MAX_PEOPLE
"""Messages and texts inside a message, at most: all joints of ``MAX_PEOPLE``, about 0.1 s of deserialising."""


DEPTH = 100
"""Messages of a further topic that may wait, at most."""


class Subscribe(Protocol):
    """Reads a further topic."""

    def __call__(
        self,
        topic: str,
        message: str,
        decode: Decode,
        *,
        latched: bool = False,
        depth: int = DEPTH,
        parts: int = PARTS,
    ) -> Callable[[], None]:
        """Give the messages of a topic to ``decode``, in the order of arrival with all others, on the same thread.

        Args:
            topic: its name, relative to the namespace of the node.
            message: its type, such as ``tf2_msgs/msg/TFMessage``.
            decode: called with every message; what it returns are people, as from the adapter itself.
            latched: the publisher keeps its last messages for those who come late (``transient_local``).
            depth: messages that may wait, at most; few for large ones.
            parts: messages and texts inside a message, at most.

        Returns:
            ends the subscription; a message that waits already may still come.

        Raises:
            ValueError: the package of the message is not installed, or the topic is read already.
        """


def _silent(kind: str, text: str) -> None:
    """Warnings that nobody reads."""


def _alone(*given: Any, **more: Any) -> Callable[[], None]:
    raise ValueError("further topics can be read in the running node and in bags only")


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What an adapter knows besides the message."""

    topology: Topology
    """Joint set of the tracker, V joints: the parameter ``topology``."""
    person_id: str = "0"
    """Id of the person where the messages have none: the parameter ``person_id``."""
    ids: str = "source"
    """``own``: people are told apart by place, whatever their ids: the parameter ``ids``."""
    frame_id: str = ""
    """Frame of messages that name none: the parameter ``frame_id``."""
    topic: str = ""
    """Name of the topic, as it is resolved."""
    file: str = ""
    """Path of a file that the adapter reads: the parameter ``input_file``."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Name -> value of ``Adapter.options``."""
    subscribe: Subscribe = _alone
    """Reads a further topic, from the beginning (in a class) or at any time."""
    tf: Any = None
    """A tf2 buffer for ``transform``, with ``Adapter.tf``."""
    patience: float = 0.0
    """Seconds for which ``transform`` may wait."""
    arrival: float = 0.0
    """Seconds: when the message arrived, by the clock of the node (simulated time included), or was recorded."""
    warn: Callable[[str, str], None] = _silent
    """(kind, text): tell the user of something that is no reason to refuse the message; counted, and logged seldom."""

    def frame(self, people: Iterable[Person], header: Header | None = None) -> SourceFrame:
        """The people of one message.

        Args:
            people: joints (V, 3) in the order of the topology, in the axes and units of the source; NaN: not seen.
            header: of the message; None: it has none, so it is stamped on arrival.

        Raises:
            InputError: ``zero_stamp``, ``frame_id``; ``no_clock``: without a header, while the clock stands at zero.
        """
        if header is None:
            if self.arrival <= 0.0:
                raise InputError(
                    "no_clock",
                    "expected a clock, because these messages are stamped on arrival, got time 0: publish /clock, or"
                    " set use_sim_time to false",
                )
            header = Header(stamp=ros_time(self.arrival), frame_id=self.frame_id)
        return source_frame(header, tuple(people))

    def named(self, ids: Sequence[str], advice: str) -> list[str]:
        """The ids of the people of one message, some of whom may have none.

        Args:
            ids: of everybody, empty where there is none. One who is alone is ``person_id`` then, and several are
                numbered where ids do not count (``ids``).
            advice: what makes the tracker give ids.

        Raises:
            InputError: ``no_ids``.
        """
        if all(ids):
            return list(ids)
        if self.ids == "own":
            return [str(number) for number in range(len(ids))]
        if len(ids) == 1:
            return [self.person_id]
        raise InputError(
            "no_ids",
            f"expected an id for everybody, got {len(ids)} people and {sum(map(bool, ids))} ids: {advice}, or set"
            " ids: own, which tells people apart by place",
        )

    def transform(self, target: str, source: str, stamp: Time) -> tuple[np.ndarray, np.ndarray]:
        """Rotation (3, 3) and translation (3,), metres, of points in frame ``source`` into frame ``target`` at a stamp.

        Raises:
            InputError: ``no_transform``.
        """
        return look_up(self.tf, target, source, stamp, self.patience)


Decode = Callable[[Any, Context], SourceFrame | None]
"""(message, context) -> its people; None for a message without people and stamp. Raises InputError if it cannot be
understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """How the messages of one source are read."""

    message: str
    """Their type, such as ``sensor_msgs/msg/PointCloud2``. Its package is imported when the adapter is chosen."""
    version: int
    """``VERSION`` of the interface that it is written for, as a number."""
    decode: Decode | Callable[[Context], Decode]
    """A function ``decode(message, context)``, or a class: its object is made once from the context, at configuration,
    where ValueError means that the adapter cannot be used, and called with every message."""
    text: str = ""
    """The source, for people."""
    topologies: tuple[str, ...] = ()
    """Joint sets that its messages can have; empty: any."""
    units: str = ""
    """Unit of the joints it gives, instead of the parameter ``units``; empty: the parameter's."""
    axes: str = ""
    """Axes of the joints it gives, instead of the parameter ``axes``; empty: the parameter's."""
    plane: Literal["", "pixels", "image"] = ""
    """Its joints are places in a picture, (x, y, NaN): in pixels, or as shares of its width and height. They are lifted
    with a depth image, into metres and optical axes."""
    named: bool = False
    """Its joints have names: those that the joint set has not are left out, and no order is wrong."""
    parts: int = PARTS
    """Messages and texts inside a message, at most; larger ones are refused before they are deserialised."""
    options: tuple[Option, ...] = ()
    """Parameters of its own."""
    tf: bool = False
    """It looks up transforms (``Context.transform``), so it needs tf2_ros, and cannot read bags."""
    install: str = ""
    """How to get the package of the message type; empty: from the distribution's apt packages."""

    def __post_init__(self) -> None:
        if self.plane:  # what lifting makes of them
            object.__setattr__(self, "units", "m")
            object.__setattr__(self, "axes", "optical")

    def decoder(self, context: Context) -> Decode:
        """The function that reads messages.

        Raises:
            ValueError: the joint set does not fit, or a class of the adapter refuses the context.
        """
        known = [find_topology(name) for name in self.topologies]
        if known and context.topology.joints not in [one.joints for one in known]:
            raise ValueError(
                f"topology: got {context.topology.name}; allowed with messages of this kind:"
                f" {', '.join(self.topologies)}, or a file with the same joints"
            )
        if isinstance(self.decode, type):
            made: Decode = self.decode(context)
            return made
        return self.decode  # type: ignore[return-value]
