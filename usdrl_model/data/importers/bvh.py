"""BVH files: a tree of joints with offsets and channels, then one row of channel values a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from usdrl_model.data.importers.kinematics import chain, product
from usdrl_model.errors.shown import shown
from usdrl_model.files import limits
from usdrl_model.files.text_table import table

CENTIMETRE = 0.01
CHANNELS = ("xposition", "yposition", "zposition", "xrotation", "yrotation", "zrotation")
"""Lower case."""
SHORTEST, LONGEST = 1e-3, 1.0
"""Shortest and longest frame time, seconds."""
MOST_JOINTS = 512
_FRAMES = 4096
"""Frames per batch of forward kinematics."""
_START = 1000
"""Characters at the start of a file that must identify it as BVH."""


@dataclass(slots=True)
class _Joint:
    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Motion:
    """Joint positions of a BVH file."""

    joints: tuple[str, ...]
    positions: np.ndarray
    """(T, J, 3) positions in the unit of the file."""
    rate: float
    """Frames a second."""

    def of(self, names: tuple[str, ...], where: str) -> np.ndarray:
        """(T, V, 3) of the joints called ``names``; ValueError names those that the file lacks."""
        if missing := [name for name in names if name not in self.joints]:
            raise ValueError(f"{where}: has no joints {missing}; it has {', '.join(self.joints)}")
        return self.positions[:, [self.joints.index(name) for name in names]]


def read(text: str, where: str) -> Motion:
    """Parse a file and place its joints.

    A position channel replaces that component of the joint's offset. Keywords may be in any case.

    Raises:
        ValueError: not BVH, truncated, an unknown channel, or values that do not fit the channels; the message names
            the file, and where there is one, the line.
    """
    limits.check(len(text), limits.TEXT, f"{where}: characters")
    mark = re.search(r"^[ \t]*MOTION[ \t]*\r?$", text, re.MULTILINE | re.IGNORECASE)
    if mark is None or not text[:_START].lstrip().upper().startswith("HIERARCHY"):
        raise ValueError(f"{where}: expected a BVH file (HIERARCHY ... MOTION ...)")
    joints = _hierarchy(text[: mark.start()], where)
    lines = text[mark.end() :].lstrip().split("\n", 2)
    try:
        count, step = int(lines[0].split(":")[1]), float(lines[1].split(":")[1])
    except (IndexError, ValueError):
        raise ValueError(f"{where}: expected 'Frames:' and 'Frame Time:' after MOTION") from None
    if not SHORTEST <= step <= LONGEST:
        hint = ": it is in seconds" if step > LONGEST else ""
        raise ValueError(f"{where}: expected a frame time above 0, {SHORTEST:g} to {LONGEST:g} s, got {step:g}{hint}")
    limits.check(count, limits.FRAMES, f"{where}: frames")
    values = table(lines[2] if len(lines) > 2 else "", sum(len(one.channels) for one in joints), f"{where} (motion)")
    if len(values) != count:
        raise ValueError(f"{where}: expected {count} frames, got {len(values)}: get it again")
    limits.check(3 * len(values) * len(joints), limits.NUMBERS, f"{where}: frames times coordinates")
    # The matrices of all frames at once would take ten times the memory of the positions.
    parts = [_placed(joints, values[start : start + _FRAMES]) for start in range(0, max(len(values), 1), _FRAMES)]
    return Motion(tuple(joint.name for joint in joints), np.concatenate(parts), 1.0 / step)


def _placed(joints: list[_Joint], values: np.ndarray) -> np.ndarray:
    """(T, J, 3) of the channel values (T, channels)."""
    steps, turns, column = [], [], 0
    for joint in joints:
        own = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        step = np.repeat(joint.offset[None], len(values), axis=0)
        for index, channel in enumerate(joint.channels):
            if channel.endswith("position"):
                step[:, "xyz".index(channel[0])] = own[:, index]
        spin = [index for index, channel in enumerate(joint.channels) if channel.endswith("rotation")]
        steps.append(step)
        turns.append(product([joint.channels[index][0] for index in spin], own[:, spin]))
    return chain([joint.parent for joint in joints], steps, turns, turned_by_own=False)


def _hierarchy(text: str, where: str) -> list[_Joint]:
    joints: list[_Joint] = []
    open_joints: list[int | None] = []  # None: an end site, which carries no channels
    line = 1
    words = ((number, word) for number, row in enumerate(text.split("\n"), start=1) for word in row.split())
    next(words, None)

    def after() -> str:
        nonlocal line
        line, word = next(words, (line, ""))
        return word

    def take() -> str:
        if not (word := after()):
            raise ValueError("it ends too early")
        return word

    try:
        while word := after():
            kind = word.upper()
            if kind in ("ROOT", "JOINT"):
                parent = open_joints[-1] if open_joints else -1
                joints.append(_Joint(take(), -1 if parent is None else parent))
                limits.check(len(joints), MOST_JOINTS, "joints")
                open_joints.append(len(joints) - 1)
            elif kind == "END":
                take()
                open_joints.append(None)
            elif kind == "}":
                open_joints.pop()
            elif kind == "OFFSET":
                offset = np.array([float(take()) for _ in range(3)])
                if (joint := open_joints[-1]) is not None:
                    joints[joint].offset = offset
            elif kind == "CHANNELS" and (joint := open_joints[-1]) is not None:
                joints[joint].channels = _channels([take() for _ in range(min(int(take()), len(CHANNELS) + 1))])
            elif kind != "{":
                raise ValueError(f"did not expect {shown(word)}")
    except (IndexError, ValueError) as error:
        raise ValueError(f"{where} line {line}: malformed hierarchy ({error})") from None
    if open_joints or not joints:
        raise ValueError(f"{where}: malformed hierarchy (it ends too early)")
    return joints


def _channels(names: list[str]) -> list[str]:
    """Channels of a joint in lower case; ValueError for an unknown or repeated one."""
    channels = [name.lower() for name in names]
    for name, channel in zip(names, channels, strict=True):
        if channel not in CHANNELS:
            raise ValueError(f"unknown channel {shown(name)}; known: {', '.join(CHANNELS)}")
    if len(set(channels)) != len(channels):
        raise ValueError(f"a channel twice in {' '.join(names)}")
    return channels
