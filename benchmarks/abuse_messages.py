"""Skeleton messages that nobody should send: valid ones, spoilt in what they show, in their fields or in their bytes.

::

    chance = random.Random(3)
    what, content = spoilt("point_cloud", frames, stamp=1000.0, chance=chance)     # the same for the same seed

What comes out can be sent: bytes as the middleware carries them, though not always ones that it can read.
"""

from __future__ import annotations

import copy
import random
import struct
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from rclpy.serialization import serialize_message

from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_ros.inputs.skeleton_messages import header, markers, point_cloud, poses

BUILDERS = {"point_cloud": point_cloud, "marker_array": markers, "pose_array": poses}
"""Value of ``input_type`` -> builder(frame, header)."""
INTEGERS = {"8": 8, "16": 16, "32": 32, "64": 64, "byte": 8, "char": 8}
FLOATS = (float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-320, 1e30, -1e30, 1e6, -50.0)
LARGE = 2_000_000
LARGE_SHARE = 0.005
"""Of the texts, how many have ``LARGE`` characters."""
TEXTS = (
    "",
    "x",
    "confidence",
    "track_id",
    "joint",
    "camera\n[FATAL] [0.0] [usdrl_perception]: forged",
    "\x1b[31mred\x1b[0m\x07",
    "../../etc/passwd",
    "%s%n{0}{}",
    "\u202eright to left \U0001f92f\u0000",
    "y" * 3000,
)
JUMPS = (-1e9, -3600.0, -10.0, -1.0, -0.03, 0.0, 0.03, 1.0, 10.0, 3600.0, 1e9)
"""Seconds by which a stamp is off."""
MOST_ELEMENTS = 2000
"""Of a list that is made longer."""


def spoilt(
    kind: str, frames: Sequence[SkeletonFrame], *, stamp: float, chance: random.Random
) -> tuple[str, bytes, type]:
    """One spoilt message.

    Args:
        kind: a key of ``BUILDERS``.
        frames: valid ones, of which one is taken.
        stamp: seconds, what a valid message would say.
        chance: everything random.

    Returns:
        what was done, the serialised message, and its type.
    """
    frame = chance.choice(frames)
    if kind == "pose_array":
        frame = replace(frame, people=frame.people[:1])
    done = []
    if chance.random() < 0.4:
        name, spoil = chance.choice(list(SHOWN.items()))
        frame = spoil(frame, chance)
        if kind == "pose_array":
            frame = replace(frame, people=frame.people[:1])
        done.append(name)
    if chance.random() < 0.3:
        jump = chance.choice(JUMPS)
        stamp += jump
        done.append(f"stamp {jump:+g} s")
    message = BUILDERS[kind](frame, header(min(max(stamp, 0.0), 2.0**31 - 1), "camera"))
    if not done or chance.random() < 0.5:
        done += [spoil_field(message, chance) for _ in range(chance.choice((1, 1, 2, 5)))]
    content = bytes(serialize_message(message))
    if chance.random() < 0.3:
        content = spoil_bytes(content, chance)
        done.append("bytes")
    return ", ".join(done), content, type(message)


def _swapped(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    ids = [person.id for person in frame.people]
    chance.shuffle(ids)
    return replace(frame, people=tuple(replace(p, id=name) for p, name in zip(frame.people, ids, strict=True)))


def _renamed(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    return replace(frame, people=tuple(replace(p, id=str(chance.randrange(2**24))) for p in frame.people))


def _moved(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    places = [np.array([chance.uniform(-5, 5) for _ in range(3)]) for _ in frame.people]
    moved = (replace(p, joints=p.joints + place) for p, place in zip(frame.people, places, strict=True))
    return replace(frame, people=tuple(moved))


def _scaled(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    scale = chance.choice((0.0, 1e-3, -1.0, 10.0, 1000.0, 1e30))
    return replace(frame, people=tuple(replace(p, joints=p.joints * scale) for p in frame.people))


def _holes(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    people = []
    for person in frame.people:
        joints = person.joints.copy()
        for _ in range(chance.randrange(1, 40)):
            joints[chance.randrange(len(joints)), chance.randrange(3)] = chance.choice(FLOATS)
        people.append(replace(person, joints=joints))
    return replace(frame, people=tuple(people))


def _unsure(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    people = (
        replace(p, confidence=np.full(len(p.joints), chance.choice((*FLOATS, -1.0, 2.0, 100.0)))) for p in frame.people
    )
    return replace(frame, people=tuple(people))


def _nobody(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    return replace(frame, people=())


def _crowd(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    count = chance.choice((2, 5, 5, 21, 21 if chance.random() < 0.9 else 100))
    people = frame.people or (Person("1", np.zeros((25, 3))),)
    more = (
        replace(people[n % len(people)], id=str(n), joints=people[n % len(people)].joints + n) for n in range(count)
    )
    return replace(frame, people=tuple(more))


def _twice(frame: SkeletonFrame, chance: random.Random) -> SkeletonFrame:
    return replace(frame, people=frame.people * 2)


SHOWN: dict[str, Callable[[SkeletonFrame, random.Random], SkeletonFrame]] = {
    "ids swapped": _swapped,
    "ids of others": _renamed,
    "people elsewhere": _moved,
    "people of other sizes": _scaled,
    "joints that are no places": _holes,
    "confidences": _unsure,
    "nobody": _nobody,
    "a crowd": _crowd,
    "ids twice": _twice,
}
"""What a message shows that no tracker should."""


def spoil_field(message: Any, chance: random.Random) -> str:
    """Set one value somewhere in a message, or change the number or order of what it lists; say which."""
    name, kind = chance.choice(list(message.get_fields_and_field_types().items()))
    value = getattr(message, name)
    if hasattr(value, "get_fields_and_field_types"):
        part = copy.copy(value)  # messages share their parts, and the builders' too
        setattr(message, name, part)
        return f"{name}.{spoil_field(part, chance)}"
    if isinstance(value, array):
        content = _bytes(value.tobytes(), chance)
        setattr(message, name, array(value.typecode, content[: len(content) - len(content) % value.itemsize]))
    elif isinstance(value, list):
        if value and chance.random() < 0.6:
            index = chance.randrange(len(value))
            if not hasattr(value[index], "get_fields_and_field_types"):
                other = chance.choice(TEXTS) if isinstance(value[index], str) else chance.choice(FLOATS)
                setattr(message, name, [*value[:index], other, *value[index + 1 :]])
                return f"{name}[{index}]"
            part = copy.copy(value[index])
            setattr(message, name, [*value[:index], part, *value[index + 1 :]])
            return f"{name}[{index}].{spoil_field(part, chance)}"
        setattr(message, name, _elements(value, chance))
    elif isinstance(value, bool):
        setattr(message, name, not value)
    elif isinstance(value, str):
        setattr(message, name, "z" * LARGE if chance.random() < LARGE_SHARE else chance.choice(TEXTS))
    elif isinstance(value, float):
        number = chance.choice(FLOATS)
        setattr(message, name, number if kind == "double" else float(np.float32(number)))
    elif isinstance(value, int):
        setattr(message, name, _integer(kind, chance))
    else:
        return f"{name} as it was"
    return name


def spoil_bytes(content: bytes, chance: random.Random) -> bytes:
    """Overwrite, cut, or repeat some bytes."""
    raw = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place = chance.randrange(4, len(raw)) if len(raw) > 4 else 0  # before it is how to read the rest
        kind = chance.randrange(5)
        if kind == 0:
            raw[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            raw[place - place % 4 : place - place % 4 + 4] = struct.pack("<I", chance.choice(_special(32)))
        elif kind == 2:
            raw[place : place + 1] = bytes([raw[place] ^ 1 << chance.randrange(8)]) if place < len(raw) else b"\xff"
        elif kind == 3:
            del raw[place:]
        else:
            raw[place:place] = raw[place : place + chance.randrange(1, 64)]
    return bytes(raw)


def _bytes(content: bytes, chance: random.Random) -> bytes:
    kind = chance.randrange(5)
    place = chance.randrange(len(content)) if content else 0
    if kind == 0:
        return b""
    if kind == 1:
        return content[:place]
    if kind == 2:
        return content + chance.randbytes(chance.choice((1, 7, 1000)))
    if kind == 3:
        return chance.randbytes(len(content))
    values = struct.pack("<f", float(np.float32(chance.choice(FLOATS[:6])))) * chance.randrange(1, 30)
    start = place - place % 4
    return (content[:start] + values + content[start + len(values) :])[: len(content)]


def _elements(value: list[Any], chance: random.Random) -> list[Any]:
    kind = chance.randrange(5)
    if kind == 0 or not value:
        return []
    if kind == 1:
        return value[: chance.randrange(len(value))]
    if kind == 2:
        times = chance.choice((2, 2, 2, 3, MOST_ELEMENTS // len(value)))
        return list(islice(value * max(times, 2), MOST_ELEMENTS))
    if kind == 3:
        return value[::-1]
    return [*value, value[chance.randrange(len(value))]]


def _integer(kind: str, chance: random.Random) -> int:
    bits = next(bits for name, bits in INTEGERS.items() if name in kind)
    number = chance.choice(_special(bits))
    return number - 2 ** (bits - 1) if kind.startswith("int") else number


def _special(bits: int) -> list[int]:
    """Unsigned ones; less 2^(bits - 1) they are signed ones around the same corners."""
    top = 2**bits
    return [0, 1, 2, 7, 8, 25, 100, top // 2 - 1, top // 2, top // 2 + 1, top // 2 + 30, top - 2, top - 1]
