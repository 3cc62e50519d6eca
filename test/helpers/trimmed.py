"""Trimmed clips of somebody who stands, does something with a hand, and stands."""

from dataclasses import replace

import numpy as np

from helpers.people import standing
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX

RATE = 20.0
MOVES = (0.7, 1.7)
"""Seconds from the start of a clip between which the hand moves."""
HANDS = [JOINT_INDEX[f"{name}_right"] for name in ("wrist", "hand", "hand_tip", "thumb")]


def trimmed(
    label: str, subject: str | None = "1", *, seconds: float = 2.5, sink: float = 0.0, seed: int = 0, tall: float = 1.0
) -> Recording:
    """A clip in canonical joints.

    Args:
        label: of the clip.
        subject: who.
        seconds: length.
        sink: metres by which the body is lower at the end.
        seed: of the noise.
        tall: size of the body.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for stamp in np.arange(0.0, seconds, 1.0 / RATE):
        joints = tall * _hanging() + rng.normal(scale=0.001, size=(25, 3))
        part = np.clip((stamp - MOVES[0]) / (MOVES[1] - MOVES[0]), 0.0, 1.0)
        joints[HANDS, 1] += 0.5 * np.sin(np.pi * part)
        joints[:, 1] -= sink * part
        frames.append(SkeletonFrame(5.0 + float(stamp), (Person("7", joints),)))
    return Recording(
        name=f"{label}_{seed}", topology=CANONICAL, frames=tuple(frames), labels=("wave", "clap"), label=label,
        subject=subject,
    )  # fmt: skip


def pair(label: str, seed: int = 0, *, apart: float = 1.0, turned: bool = False, startled: float = 0.0) -> Recording:
    """Of the pair "s01s02": the second one stretches a hand towards the first, who stands still.

    Args:
        label: of the clip.
        seed: of the noise.
        apart: metres between them.
        turned: whether both are turned by half a turn.
        startled: metres by which a hand of the first goes up.
    """
    clip = trimmed(label, seed=seed)
    turn = np.diag([-1.0, 1.0, -1.0]) if turned else np.eye(3)
    start = clip.frames[0].people[0].joints
    frames = []
    for frame in clip.frames:
        mine, other = frame.people[0].joints.copy(), start - [0.0, 0.0, apart]
        rise = mine[HANDS, 1] - start[HANDS, 1]
        mine[HANDS, 2] -= rise
        other[HANDS, 1] += startled / 0.5 * rise
        frames.append(replace(frame, people=(Person("1", other @ turn), Person("2", mine @ turn))))
    return replace(clip, frames=tuple(frames), tags={"set": "s01s02"})


def _hanging() -> np.ndarray:
    """Somebody whose arms hang."""
    joints = standing()
    for side in ("left", "right"):
        for name, height in (("elbow", 0.05), ("wrist", -0.2), ("hand", -0.27), ("hand_tip", -0.33), ("thumb", -0.25)):
            joints[JOINT_INDEX[f"{name}_{side}"], 1] = height
    return joints
