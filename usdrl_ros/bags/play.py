"""``usdrl-play``: plays a bag over DDS (rate, loop, ``/clock``, start), for machines without ``ros2 bag``.

::

    usdrl-play bags/s01_e01 --wait 10 --clock 100 --ros-args -r /skeletons:=/camera/skeletons

Recorded bytes are published unchanged, header stamps included (unless ``--restamp`` is given), so every replay is the
same input. Nodes that compare stamps with their clock need ``use_sim_time`` and ``--clock``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields

import rclpy
from rclpy.duration import Duration
from rclpy.exceptions import NameValidationException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock

from usdrl_model.cli.common import Defaults
from usdrl_model.errors.shown import MESSAGE, cut, reason, shown
from usdrl_model.files import limits
from usdrl_model.skeleton import recording_gaps
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.recorded_topic import RecordedTopic, said_by_nodes
from usdrl_ros.bags.storage import BagMessage, BagReader
from usdrl_ros.bags.timeline import Timeline
from usdrl_ros.inputs.registry import readers
from usdrl_ros.messages.cdr import MalformedError
from usdrl_ros.messages.types import headers, stamp_ns
from usdrl_ros.processes.command_line import perception_command
from usdrl_ros.processes.executables import split
from usdrl_ros.processes.lifecycle import initialise

LONGEST_SLEEP = 0.05
"""Seconds between two checks for shutdown while the player sleeps."""
DEPTH = 100
"""Messages kept for a slow subscriber."""
LAST_ACKNOWLEDGEMENT = 1.0
"""Seconds to wait at the end for acknowledgement of the last messages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayOptions:
    """Options of the player."""

    rate: float = 1.0
    """Seconds of the bag per second."""
    loop: bool = False
    """Start again at the end, until stopped; stamps jump back each time."""
    clock: float = 0.0
    """Rate of ``/clock`` with the bag's time, restamped like the messages, Hz; 0 for none."""
    start: float = 0.0
    """Seconds from the bag's start to skip; what was latched in them is played at once."""
    topics: Sequence[str] | None = None
    """Topics to play, by their names in the bag; None for all but those of a perception node (``said_by_nodes``)."""
    restamp: bool = False
    """Shift header stamps by as much as the time of recording is away from when it is played."""

    def __post_init__(self) -> None:
        if not 0.0 < self.rate < float("inf"):
            raise BagError(f"rate: expected a positive number, got {self.rate}")
        if not 0.0 <= self.clock <= 10_000.0:
            raise BagError(f"clock: expected 0 to 10000 Hz, got {self.clock}")
        if not 0.0 <= self.start < float("inf"):
            raise BagError(f"start: expected 0 or more seconds, got {self.start}")


class Player:
    """Publishes a bag through a node. The node needs no spinning.

    Raises:
        BagError: a chosen topic is not in the bag or has a name that none can have, its message type is not installed
            or of another distribution, or the bag ends before ``start``.
    """

    def __init__(self, node: Node, bag: BagReader, options: PlayOptions) -> None:
        self.outputs = [] if options.topics else said_by_nodes(bag.topics)
        """Topics of a perception node, which are not played: who hears them would take the past for the present."""
        chosen = bag.choose(options.topics or [one.name for one in bag.topics if one.name not in self.outputs])
        if not chosen:
            others = f" but {len(self.outputs)} of a perception node: name them with --topics" if self.outputs else ""
            raise BagError(f"{bag.path}: has no topics to play{others}")
        if options.start > bag.duration:
            raise BagError(f"{bag.path}: lasts {bag.duration:.2f} s, cannot start at {options.start} s")
        self._node = node
        self._bag = bag
        self._options = options
        self.left_out: Counter[str] = Counter()
        """Topic -> messages that were not published because they are malformed."""
        self.gaps: list[float] = []
        """Seconds of every gap that was shortened."""
        self._recorded = {name: RecordedTopic(topic) for name, topic in chosen.items()}
        self._publishers: dict[str, Publisher] = {}
        for name, recorded in self._recorded.items():
            try:
                self._publishers[name] = node.create_publisher(recorded.type, name, _qos(recorded.topic.latched))
            except NameValidationException as error:
                wrong = f"topic {shown(name)}: {str(error).splitlines()[0]}"
                raise BagError(f"{bag.path}: {wrong}: leave it out with --topics") from error
        self._clock = node.create_publisher(Clock, "/clock", QoSProfile(depth=1)) if options.clock else None

    def wait(self, timeout: float, subscribers: int = 1) -> bool:
        """Wait at most ``timeout`` seconds until every topic has ``subscribers``; False if they do not come."""
        deadline = time.monotonic() + timeout
        while self.unheard(subscribers):
            if time.monotonic() > deadline or not self._running():
                return False
            time.sleep(LONGEST_SLEEP)
        return True

    def unheard(self, subscribers: int = 1) -> list[str]:
        """The topics, as they are published, that have fewer subscribers."""
        return [one.topic_name for one in self._publishers.values() if one.get_subscription_count() < subscribers]

    def play(self, published: Callable[[BagMessage], object] = lambda message: None) -> int:
        """Play to the end, or (in a loop) until the node's context is shut down.

        A gap of more than ``limits.LONGEST_GAP`` seconds (a clock was set, or nothing was recorded) is shortened to
        ``recording_gaps.SHOWN``.

        Args:
            published: called with each message right after it was published.

        Returns:
            Messages published.
        """
        count = self._play_once(published)
        while self._options.loop and self._running():
            count += self._play_once(published)
        for publisher in self._publishers.values() if self._running() else ():
            publisher.wait_for_all_acked(Duration(seconds=LAST_ACKNOWLEDGEMENT))
        return count

    def seconds(self) -> float:
        """How long it takes to play the bag once, from its start, whenever the first of the topics comes; reads it."""
        first_ns = self._first_ns()
        due = [max(0, message.stamp_ns - first_ns) / 1e9 for message in self._bag.messages(tuple(self._publishers))]
        return recording_gaps.Shortened([0.0, *due]).end / self._options.rate

    def warnings(self) -> list[str]:
        """Problems of the bag, left-out messages and shortened gaps, one line each."""
        lines = [
            f"{count} messages of {topic} are malformed and were left out" for topic, count in self.left_out.items()
        ]
        if self.gaps:
            count = f"{len(self.gaps)} gap{'s' * (len(self.gaps) != 1)}"
            lines.append(f"{count} of up to {max(self.gaps):.0f} s played as {recording_gaps.SHOWN:g} s")
        return [*self._bag.troubles, *lines]

    def _first_ns(self) -> int:
        return self._bag.start_ns + round(self._options.start * 1e9)

    def _play_once(self, published: Callable[[BagMessage], object]) -> int:
        first_ns = self._first_ns()
        timeline = Timeline(first_ns, self._options.rate)
        shift = timeline.shift if self._options.restamp else lambda bag_ns: 0
        next_tick = last_ns = first_ns
        tick = max(1, round(1e9 * self._options.rate / self._options.clock)) if self._clock else 0
        count = 0
        for message in self._bag.messages(tuple(self._publishers)):
            if message.stamp_ns < first_ns and not self._recorded[message.topic].topic.latched:
                continue
            due_ns = max(message.stamp_ns, first_ns)
            if (gap := (due_ns - last_ns) / 1e9) > limits.LONGEST_GAP:
                self.gaps.append(gap)
                timeline.skip(due_ns - last_ns - round(recording_gaps.SHOWN * 1e9))
                next_tick = due_ns
            last_ns = due_ns
            while self._clock and next_tick <= due_ns and self._sleep_until(timeline, next_tick):
                self._clock.publish(_clock(next_tick + shift(next_tick)))
                next_tick += tick
            if not self._sleep_until(timeline, due_ns):
                return count
            try:
                data = self._bytes(message, shift(due_ns))
            except MalformedError:
                self.left_out[message.topic] += 1
                continue
            try:
                self._publishers[message.topic].publish(data)
            except Exception:
                if self._running():
                    raise
                return count  # the context was shut down in between
            published(message)
            count += 1
        return count

    def _sleep_until(self, timeline: Timeline, bag_ns: int) -> bool:
        """Sleep until a time of the bag; False after shutdown."""
        while self._running():
            seconds = timeline.seconds_to(bag_ns)
            if seconds <= 0.0:
                return True
            time.sleep(min(seconds, LONGEST_SLEEP))
        return False

    def _running(self) -> bool:
        return bool(rclpy.ok(context=self._node.context))

    def _bytes(self, message: BagMessage, shift: int) -> bytes:
        recorded = self._recorded[message.topic]
        if not shift:
            recorded.check(message.data)
            return message.data
        content = recorded.message(message.data)
        for header in headers(content):
            if stamped := stamp_ns(header):  # 0 says that there is no time
                header.stamp.sec, header.stamp.nanosec = divmod(stamped + shift, 1_000_000_000)
        return serialize_message(content)


def _clock(now_ns: int) -> Clock:
    message = Clock()
    message.clock.sec, message.clock.nanosec = divmod(now_ns, 1_000_000_000)
    return message


def _qos(latched: bool) -> QoSProfile:
    durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
    return QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE, durability=durability)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    default = PlayOptions()
    command = argparse.ArgumentParser(
        prog="usdrl-play",
        description="Play a rosbag2 bag over DDS. Topics are renamed with --ros-args -r from:=to.",
        formatter_class=Defaults,
    )
    command.add_argument("bag", help="folder of the bag, or its .mcap or .db3 file")
    command.add_argument("--rate", type=float, default=default.rate, help="seconds of the bag per second")
    command.add_argument("--loop", action="store_true", help="start again at the end; stamps jump back")
    command.add_argument("--clock", type=float, default=default.clock, metavar="HZ", help="publish /clock; 0: do not")
    command.add_argument("--start", type=float, default=default.start, metavar="S", help="seconds to skip at the start")
    command.add_argument("--topics", nargs="+", metavar="TOPIC", help="only these topics (default: all but a node's)")
    command.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help="seconds to wait for subscribers on every topic, at most"
    )
    command.add_argument(
        "--subscribers", type=int, default=1, metavar="N", help="with --wait: number of subscribers per topic"
    )
    command.add_argument("--restamp", action="store_true", help="shift stamps and /clock to now, to measure latency")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Play; 0 at the end or when stopped, 1 without a subscriber within --wait or for unusable input."""
    own, ros = split(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(own)
    try:
        initialise(["usdrl-play", *ros], SignalHandlerOptions.ALL)
        how = PlayOptions(**{one.name: getattr(options, one.name) for one in fields(PlayOptions)})
        with BagReader(options.bag) as bag:
            node = rclpy.create_node("player", start_parameter_services=False)
            player = Player(node, bag, how)
            if options.wait and not player.wait(options.wait, options.subscribers) and rclpy.ok():
                few = cut(", ".join(player.unheard(options.subscribers)), MESSAGE)
                print(f"usdrl-play: {few} has too few subscribers after {options.wait:g} s", file=sys.stderr)
                return 1
            print(f"playing {bag.path}: {bag.duration:.1f} s of recording", flush=True)
            if player.outputs:
                left_out = cut(", ".join(player.outputs), MESSAGE)
                print(f"left out what a perception node said, unless --topics names it: {left_out}", flush=True)
            with suppress(BagError):  # labels are of no concern to who plays it
                truth = load_truth(options.bag)
                if adapters := [name for one in bag.topics if one.name == truth.topic for name in readers(one.type)]:
                    settings = perception_command({"input_type": adapters[0], **truth.parameters()})
                    print(f"the node reads it with {cut(settings, MESSAGE)}", flush=True)
            print(f"published {player.play()} messages", flush=True)
            for line in player.warnings():
                print(f"usdrl-play: {cut(line, MESSAGE)}", file=sys.stderr)
        return 0
    except ValueError as error:
        print(f"usdrl-play: {cut(reason(error), MESSAGE)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    sys.exit(main())
