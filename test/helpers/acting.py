"""Simulated people for the tests of the performer, and their joints by name."""

import numpy as np

from usdrl_model.simulation.script import Act, Script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX

BEGIN = 1.0
"""Seconds of idling before the act in ``acting``."""


def script(*acts: tuple[str, float]) -> Script:
    return tuple(Act(action=action, seconds=seconds) for action, seconds in acts)


def acting(action: str, seconds: float, seed: int, rate: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """(T,) seconds since the act began and (T, 25, 3) places of one perfectly tracked person."""
    acts = script(("idle", BEGIN), (action, seconds), ("idle", 1.0))
    times, joints = track(simulate(PerformanceConfig(scripts=(acts,), rate=rate), seed))
    return times - BEGIN, joints


def track(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """(T,) stamps and (T, V, 3) places of the only person."""
    return (
        np.array([frame.stamp for frame in recording.frames]),
        np.stack([frame.people[0].joints for frame in recording.frames]),
    )


def sureness(person: Person) -> np.ndarray:
    """(V,) confidence, which the performer always gives."""
    assert person.confidence is not None
    return person.confidence


def at(joints: np.ndarray, *names: str) -> np.ndarray:
    """(T, 3), or (T, len(names), 3) for several names."""
    found = joints[:, [JOINT_INDEX[name] for name in names]]
    return found[:, 0] if len(names) == 1 else found


def speeds(joints: np.ndarray, rate: float) -> np.ndarray:
    """(T - 1, V) metres a second."""
    return np.linalg.norm(np.diff(joints, axis=0), axis=2) * rate


def arm_length(joints: np.ndarray) -> float:
    """Metres from the shoulder to the wrist of a stretched arm."""
    shoulder, elbow, wrist = (at(joints, f"{joint}_left")[0] for joint in ("shoulder", "elbow", "wrist"))
    return float(np.linalg.norm(elbow - shoulder) + np.linalg.norm(wrist - elbow))
