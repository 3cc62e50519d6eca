"""Spoilt messages between valid ones, over DDS, into the running node; afterwards somebody waves and it must say so."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from abuse_messages import BUILDERS, spoilt
from abuse_report import Options, Row, stop_at
from abuse_robot import RATE, Asking, Robot

from usdrl_model.simulation.performance import performance

PER_VALID = 4
"""Spoilt messages for one valid frame, as far as the machine makes so many."""
KEPT = 300
"""Messages that are written to a file when something goes wrong."""
WAITING = 356
"""Messages that the node (256) and its middleware (100) may hold; what they take is given back late or never."""
GROWTH = 100.0
"""MiB by which the node may grow in the second half, beside the largest messages that it may hold; in the first half it
makes what it keeps (buffers of threads, of the middleware and of the allocator)."""


def run(options: Options) -> Iterator[Row]:
    """A row for every message type."""
    for kind in BUILDERS:
        yield fuzz(kind, options)


def fuzz(kind: str, options: Options) -> Row:
    """Send spoilt messages for so long as is asked for."""
    chance = random.Random(f"{kind} {options.seed}")
    frames = performance(seed=options.seed, people=2, seconds=20.0).frames
    newest: deque[bytes] = deque(maxlen=KEPT)
    sizes: list[int] = []
    sent, shown, memory = 0, 0, [0.0]
    with Robot(kind) as robot:
        robot.listening()
        memory[0] = robot.memory()
        with Asking() as asking:
            end = stop_at(options.fuzz_minutes)
            while time.monotonic() < end and not robot.child.ended():
                due = time.monotonic() + 1.0 / RATE
                frame = frames[shown % len(frames)]
                robot.publish(replace(frame, people=frame.people[:1]) if kind == "pose_array" else frame, time.time())
                shown += 1
                # On a busy machine, where a valid message takes all of the time, one for each of those at least.
                while sent < shown or (sent < shown * PER_VALID and time.monotonic() < due):
                    content = spoilt(kind, frames, stamp=time.time(), chance=chance)[1]
                    robot.publisher.publish(content)
                    newest.append(content)
                    sizes.append(len(content))
                    sent += 1
                robot.peer.spin(max(0.001, due - time.monotonic()))
                memory.append(robot.memory())
        robot.peer.spin(2.0)
        refused = robot.diagnostics.values().get("messages refused", "no")
        wrong = robot.end()
    if asking.answers["unanswered"]:
        wrong.append(f"{asking.answers['unanswered']:.0f} questions were not answered")
    room = GROWTH + sum(sorted(sizes)[-WAITING:]) / 2**20
    grown = memory[-1] - memory[len(memory) // 2]
    if grown > room:
        wrong.append(f"the node has grown by {grown:.0f} MiB in the second half, expected {room:.0f} at most")
    if wrong:
        wrong.insert(0, _repeat(kind, options, newest))
    return Row(
        what=f"spoilt messages, {kind}",
        tried=sent,
        good=0 if wrong else sent,
        measured=f"{refused} refused; {asking.measured()}; {memory[0]:.0f} MiB before,"
        f" {memory[len(memory) // 2]:.0f} half way, {memory[-1]:.0f} at the end, {max(memory):.0f} at most",
        failures=wrong,
    )


def replay(path: Path) -> Row:
    """Send the messages of a file that ``fuzz`` has left."""
    kind, *lines = path.read_text(encoding="ascii").splitlines()
    with Robot(kind) as robot:
        robot.listening()
        for line in lines:
            robot.publisher.publish(bytes.fromhex(line))
            robot.peer.spin(0.01)
        wrong = robot.end()
    return Row(what=str(path), tried=len(lines), good=0 if wrong else len(lines), measured="", failures=wrong)


def _repeat(kind: str, options: Options, newest: deque[bytes]) -> str:
    """Keep the newest messages, and say how to send them again."""
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"{kind}.{options.seed}.messages"
    path.write_text("\n".join([kind, *(content.hex() for content in newest)]), encoding="ascii")
    return f"repeat all with --only fuzz --seed {options.seed}, the last {len(newest)} messages with --replay {path}"
