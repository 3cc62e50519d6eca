"""The perception node as a robot runs it, somebody who keeps asking it, and people in front of it.

::

    with Robot("point_cloud") as robot, Asking() as asking:
        robot.publisher.publish(...)
        robot.sees_a_wave()
    asking.answers["over"]        # how many answers took longer than ``LIMIT``
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from helpers.ros_peer import Diagnostics, Peer
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from std_srvs.srv import Trigger

from usdrl_model.simulation.script import Act
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.bags.live_replay import READY_TIMEOUT
from usdrl_ros.inputs import registry
from usdrl_ros.inputs.skeleton_messages import BUILDERS, header
from usdrl_ros.processes.children import Child, wait_until

NODE = "usdrl_perception"
RATE = 30.0
LIMIT = 0.1
"""Seconds after which whoever asks calls the node frozen."""
PATIENCE = 10.0
"""Seconds after which an answer counts as none."""
WAVE = tuple(Act(action=name, seconds=seconds) for name, seconds in (("idle", 2.0), ("wave", 5.0), ("idle", 2.5)))
FAILURES = ("failures", "stream.unreported_failures")
"""Counters in the diagnostics that must stay 0."""
FAILED = "inference failed"
"""What the node logs of each."""


class Robot:
    """A context manager; without ``settings`` the node starts by itself and listens to ``skeletons``.

    Args:
        kind: the value of ``input_type``.
        settings: parameters that differ, ``name:=value``.
        worst: beginnings of lines that must not be in its log.
    """

    def __init__(
        self, kind: str, settings: Sequence[str] = (), worst: tuple[str, ...] = ("Traceback", "[FATAL]")
    ) -> None:
        given = [f"input_type:={kind}", "axes:=kinect", *settings]
        words = [word for setting in given for word in ("-p", setting)]
        self.kind, self.worst = kind, worst
        self.child = Child("perception", ["-m", "usdrl_ros.node.main", "--ros-args", *words])
        self._stack = ExitStack()
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Robot:
        with ExitStack() as stack:
            self.peer = stack.enter_context(Peer())
            stack.enter_context(self.child)
            self.diagnostics = Diagnostics(self.peer)
            self.events = self.peer.listen_json("actions/events", 1000)
            self.publisher = self.peer.node.create_publisher(registry.find(self.kind).message_type, "skeletons", 100)
            self._wait("answer", lambda: self.diagnostics.newest())
            self.process = psutil.Process(self.child.pid)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def listening(self) -> None:
        """Wait until the node hears what is published."""
        self._wait("listen", lambda: self.publisher.get_subscription_count())
        self.peer.spin(0.3)  # matched on both sides

    def ask(self, kind: type, name: str, request: Any, patience: float) -> Any:
        """The answer of one of the node's services, or None after ``patience`` seconds."""
        if name not in self._clients:
            self._clients[name] = self.peer.node.create_client(kind, f"{NODE}/{name}")
            self._wait(f"offer {name}", self._clients[name].service_is_ready)
            self.peer.spin(0.3)  # matched on both sides
        future, end = self._clients[name].call_async(request), time.monotonic() + patience
        while not future.done() and time.monotonic() < end and not self.child.ended():
            self.peer.executor.spin_once(timeout_sec=0.02)
        return future.result() if future.done() else None

    def publish(self, frame: SkeletonFrame, stamp: float) -> None:
        """Publish a valid frame."""
        message = next(
            build for name, build in BUILDERS.items() if name.endswith(registry.find(self.kind).message_type.__name__)
        )
        self.publisher.publish(message(frame, header(stamp, "camera")))

    def sees_a_wave(self) -> bool:
        """Show somebody who waves, in real time, until the node says so; False if it does not."""
        recording = simulate(PerformanceConfig(scripts=(WAVE,), rate=RATE), 7)
        start, seen = time.time() + 0.1, len(self.events)

        def told() -> bool:
            return any(event["label"] == "wave" and event["onset"] > start for event in self.events[seen:])

        for index, frame in enumerate(recording.frames):
            stamp = start + index / RATE
            self.peer.spin(max(0.001, stamp - time.time()))
            self.publish(frame, stamp)
            if told():
                return True
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not told():
            self.peer.spin(0.1)
        return told()

    def memory(self) -> float:
        """Resident memory of the node, MiB; 0 once it has ended."""
        try:
            return float(self.process.memory_info().rss) / 2**20
        except psutil.NoSuchProcess:
            return 0.0

    def end(self) -> list[str]:
        """See whether the node still does what it is for, and end it as a robot does; what is wrong."""
        wrong = []
        if not self.child.ended():
            if not self.sees_a_wave():
                wrong.append("a wave was not told afterwards")
            values = self.diagnostics.values()
            wrong += [f"{values[key]} {key}" for key in FAILURES if values.get(key, "0") != "0"]
            before = time.monotonic()
            os.kill(self.child.pid, signal.SIGTERM)
            while not self.child.ended() and time.monotonic() < before + PATIENCE:
                time.sleep(0.01)
        if not self.child.ended():
            wrong.append("the node does not end")
        elif self.child.status != 0:
            wrong.append(f"the node ended with {self.child.status}")
        lines = self.child.log().splitlines()
        bad = next((n for n, line in enumerate(lines) if line.startswith(self.worst)), None)
        if bad is not None:
            wrong.append("in its log:\n" + "\n".join(lines[bad : bad + 30]))
        elif wrong:
            told = [line for line in lines if FAILED in line]
            wrong.append("in its log:\n" + "\n".join([*told[:10], "...", self.child.output()]))
        return wrong

    def _wait(self, what: str, done: Any) -> None:
        def look() -> bool:
            self.peer.spin(0.05)
            return bool(done())

        wait_until(what, look, [self.child], READY_TIMEOUT)


class Asking:
    """Somebody in a process of their own who asks the node all the time; a context manager.

    ``answers`` is there at the end: ``asked``, ``unanswered``, ``over`` the limit, and ``p50``, ``p99``, ``most`` in
    seconds; ``silence`` is the longest time between two diagnostics, which come every second.
    """

    def __init__(self) -> None:
        self.answers: dict[str, float] = {}
        self._child = Child("asking", [str(Path(__file__)), NODE])

    def __enter__(self) -> Asking:
        self._child.__enter__()
        wait_until("ask", lambda: "asking" in self._child.output(), [self._child], READY_TIMEOUT)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self._child.ended():
                os.kill(self._child.pid, signal.SIGTERM)
            wait_until("report", self._child.ended, [self._child], 3 * PATIENCE)
            self.answers = json.loads(self._child.output().splitlines()[-1])
        finally:
            self._child.__exit__(None, None, None)

    def measured(self) -> str:
        """In words, for a table."""
        a = self.answers
        return (
            f"{a['asked']:.0f} answers: p50 {1e3 * a['p50']:.0f} ms, p99 {1e3 * a['p99']:.0f} ms,"
            f" longest {1e3 * a['most']:.0f} ms, {a['over']:.0f} over {1e3 * LIMIT:.0f} ms"
        )


def ask(node: str, stopping: Any) -> dict[str, float]:
    """Ask the parameter services, the lifecycle and the node's own services by turns, until ``stopping()``."""
    seconds, unanswered, silence = [], 0, 0.0
    with Peer() as peer:
        clients = [
            (peer.node.create_client(kind, f"{node}/{name}"), request)
            for kind, name, request in (
                (GetParameters, "get_parameters", GetParameters.Request(names=["hold", "topic"])),
                (GetState, "get_state", GetState.Request()),
                (Trigger, "list_labels", Trigger.Request()),
            )
        ]
        diagnostics: list[Any] = Diagnostics(peer)._arrays
        while not stopping() and not all(client.service_is_ready() for client, _ in clients):
            peer.spin(0.05)
        peer.spin(0.5)  # matched on both sides
        print("asking", flush=True)
        heard, count = time.monotonic(), len(diagnostics)
        for client, request in _for_ever(clients):
            if stopping():
                break
            before = time.monotonic()
            future = client.call_async(request)
            while not future.done() and time.monotonic() < before + PATIENCE:
                peer.executor.spin_once(timeout_sec=0.02)
            now = time.monotonic()
            if future.done():
                seconds.append(now - before)
            else:
                unanswered += 1
            peer.spin(0.02)
            if len(diagnostics) > count:
                silence, heard, count = max(silence, now - heard), now, len(diagnostics)
    times = sorted(seconds) or [0.0]
    return {
        "asked": len(seconds) + unanswered,
        "unanswered": unanswered,
        "over": sum(value > LIMIT for value in seconds),
        "p50": times[len(times) // 2],
        "p99": times[int(0.99 * (len(times) - 1))],
        "most": times[-1],
        "silence": silence,
    }


def _for_ever(clients: Sequence[Any]) -> Iterator[Any]:
    while True:
        yield from clients


def main() -> None:
    """Ask until SIGTERM, then print the answers as JSON."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    print(json.dumps(ask(sys.argv[1], lambda: bool(stopped))))


if __name__ == "__main__":
    main()
