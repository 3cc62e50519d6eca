"""How fast people move: steps and metres a second of everybody in a recording who does one thing."""

from collections.abc import Iterator

import numpy as np

from usdrl_model.skeleton.person import canonical_frames
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX, topology

ANKLES = [JOINT_INDEX["ankle_left"], JOINT_INDEX["ankle_right"]]
PELVIS = JOINT_INDEX["spine_base"]
GRID = 60.0
"""Hz at which cadence is looked at."""

Move = tuple[np.ndarray, np.ndarray]
"""Stamps (T,) and canonical joints (T, 25, 3) of somebody who does one thing."""


def labelled(recording: Recording, label: str) -> Iterator[Move]:
    """Every stretch of the recording in which its first person, or the one of the segment, does ``label``."""
    spans = [(s.person, s.start, s.end) for s in recording.segments if s.label == label]
    if recording.label == label:
        spans = [(recording.frames[0].people[0].id, -np.inf, np.inf)]
    for person, start, end in spans:
        seen = {
            frame.stamp: body.joints
            for frame in recording.frames
            for body in frame.people
            if start <= frame.stamp <= end and body.id == person
        }
        if len(seen) >= 8:
            joints, _ = canonical_frames(np.stack(list(seen.values())), None, topology(recording.topology))
            yield np.array(list(seen)), joints


def cadence(stamps: np.ndarray, joints: np.ndarray) -> float:
    """Steps a second: twice the strongest frequency of one foot against the other, along their main direction."""
    apart = joints[:, ANKLES[0]] - joints[:, ANKLES[1]]
    apart = apart - apart.mean(axis=0)
    main = np.linalg.svd(apart, full_matrices=False)[2][0]
    times = np.arange(stamps[0], stamps[-1], 1.0 / GRID)
    swing = np.interp(times, stamps, apart @ main)
    power = np.abs(np.fft.rfft((swing - swing.mean()) * np.hanning(len(swing)), 8192))
    frequency = np.fft.rfftfreq(8192, 1.0 / GRID)
    power[(frequency < 0.4) | (frequency > 5.0)] = 0.0  # slower is turning round, faster is noise
    return 2.0 * float(frequency[power.argmax()])


def speed(stamps: np.ndarray, joints: np.ndarray) -> float:
    """Metres a second from where somebody starts to where they end."""
    way = joints[-1, PELVIS] - joints[0, PELVIS]
    return float(np.hypot(way[0], way[2]) / (stamps[-1] - stamps[0]))
