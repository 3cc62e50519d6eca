"""People as trackers would send them: standing, and with a hand that goes up."""

import numpy as np

from helpers.rule_detector import hand_up_weights
from usdrl_model.events.onset_offset import Event
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX


def standing() -> np.ndarray:
    """A person two metres in front of the sensor, roughly, in canonical joints."""
    height = dict.fromkeys(CANONICAL_JOINTS, 0.3) | {
        "head": 0.7, "neck": 0.5, "spine_shoulder": 0.4, "spine_base": -0.1, "spine_mid": 0.15,
        "hip_left": -0.1, "hip_right": -0.1, "knee_left": -0.5, "knee_right": -0.5,
        "ankle_left": -0.9, "ankle_right": -0.9, "foot_left": -0.95, "foot_right": -0.95,
    }  # fmt: skip
    side = [0.2 * (name.endswith("right") - name.endswith("left")) for name in CANONICAL_JOINTS]
    return np.stack([side, [height[name] for name in CANONICAL_JOINTS], np.full(len(CANONICAL_JOINTS), 2.0)], axis=1)


UP = (3.0, 5.0)
"""Seconds after the start between which the hand is up."""


def pose(time: float, up: bool, x: float = 0.0) -> np.ndarray:
    joints = standing() + np.random.default_rng(int(time * 1000)).normal(scale=0.002, size=(25, 3))
    if up:
        for name, height in (("elbow_right", 0.6), ("wrist_right", 0.8), ("hand_right", 0.9), ("hand_tip_right", 0.95)):
            joints[JOINT_INDEX[name], 1] = height
        joints[JOINT_INDEX["thumb_right"], 1] = 0.92
    return joints + [x, 0.0, 0.0]


def frames(duration: float = 8.0, rate: float = 30.0, start: float = 100.0, ids: tuple[str, ...] = ("7",)) -> list:
    stamps = np.arange(0.0, duration, 1.0 / rate)
    return [
        SkeletonFrame(start + float(t), tuple(Person(id_, pose(t, UP[0] <= t < UP[1], i)) for i, id_ in enumerate(ids)))
        for t in stamps
    ]


def play(recorded: list[SkeletonFrame], people: int = 1) -> tuple[ActionStream, list[Event]]:
    stream = ActionStream(hand_up_weights(people), topology="kinect_v2_25")
    events = [event for frame in recorded for event in stream.push(frame)]
    return stream, events + stream.finish()
