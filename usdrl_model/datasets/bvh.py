"""BVH files: a tree of joints with offsets and channels, then one row of channel values a frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from usdrl_model.datasets.kinematics import chain, product
from usdrl_model.datasets.numbers import table

CENTIMETRE = 0.01


@dataclass(slots=True)
class _Joint:
    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Motion:
    """A BVH file with its kinematics done."""

    joints: tuple[str, ...]
    positions: np.ndarray
    """(T, J, 3) in the unit of the file."""
    rate: float
    """Frames a second."""

    def of(self, names: tuple[str, ...], where: str) -> np.ndarray:
        """(T, V, 3) of the joints called ``names``; ValueError names those that the file lacks."""
        if missing := [name for name in names if name not in self.joints]:
            raise ValueError(f"{where}: has no joints {missing}; it has {', '.join(self.joints)}")
        return self.positions[:, [self.joints.index(name) for name in names]]


def read(text: str, where: str) -> Motion:
    """Parse a file and place its joints.

    A joint with position channels is where they say; they stand in place of its offset.

    Raises:
        ValueError: not BVH, truncated, or values that do not fit the channels; the message names the file.
    """
    head, mark, motion = text.partition("MOTION")
    if not mark or not head.lstrip().startswith("HIERARCHY"):
        raise ValueError(f"{where}: expected a BVH file (HIERARCHY ... MOTION ...)")
    joints = _hierarchy(head.split(), where)
    lines = motion.strip().splitlines()
    try:
        count, step = int(lines[0].split(":")[1]), float(lines[1].split(":")[1])
    except (IndexError, ValueError):
        raise ValueError(f"{where}: expected 'Frames:' and 'Frame Time:' after MOTION") from None
    if step <= 0.0:
        raise ValueError(f"{where}: expected a frame time above 0, got {step}")
    values = table("\n".join(lines[2:]), sum(len(joint.channels) for joint in joints), f"{where} (motion)")
    if len(values) != count:
        raise ValueError(f"{where}: expected {count} frames, got {len(values)}: get it again")
    steps, turns, column = [], [], 0
    for joint in joints:
        own = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        move = [joint.channels.index(f"{axis}position") for axis in "XYZ" if f"{axis}position" in joint.channels]
        spin = [index for index, channel in enumerate(joint.channels) if channel.endswith("rotation")]
        steps.append(own[:, move] if len(move) == 3 else joint.offset)
        turns.append(product([joint.channels[index][0].lower() for index in spin], own[:, spin]))
    positions = chain([joint.parent for joint in joints], steps, turns, turned_by_own=False)
    return Motion(tuple(joint.name for joint in joints), positions, 1.0 / step)


def _hierarchy(words: list[str], where: str) -> list[_Joint]:
    joints: list[_Joint] = []
    open_joints: list[int | None] = []  # None: an end site, which carries no channels
    stream = iter(words[1:])
    try:
        for word in stream:
            if word in ("ROOT", "JOINT"):
                parent = open_joints[-1] if open_joints else -1
                joints.append(_Joint(next(stream), -1 if parent is None else parent))
                open_joints.append(len(joints) - 1)
            elif word == "End":
                next(stream)
                open_joints.append(None)
            elif word == "}":
                open_joints.pop()
            elif word == "OFFSET":
                offset = np.array([float(next(stream)) for _ in range(3)])
                if (joint := open_joints[-1]) is not None:
                    joints[joint].offset = offset
            elif word == "CHANNELS" and (joint := open_joints[-1]) is not None:
                joints[joint].channels = [next(stream) for _ in range(int(next(stream)))]
            elif word != "{":
                raise ValueError(f"did not expect {word!r}")
    except (StopIteration, IndexError, ValueError) as error:
        raise ValueError(f"{where}: malformed hierarchy ({error or 'it ends too early'})") from None
    if open_joints or not joints:
        raise ValueError(f"{where}: malformed hierarchy (it ends too early)")
    return joints
