"""Kinect v2 recordings as the published USDRL checkpoints expect them.

    x = official_input(store.recording(0))                     # (T, 2, 25, 3)

The checkpoints were trained on raw joints without a mask: the two of the first four bodies that move most, centred in
every frame on the middle of the first one's spine, rotated once so that its shoulders in the first frame lie along +x.
The spine is not rotated upright. The code follows that recipe exactly, also where another one would be better. Missing
joints are 0; joints that are not finite count as missing, because a single NaN would spread over the whole clip.
"""

from __future__ import annotations

import numpy as np

from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX

BODIES = 4
"""Bodies of a frame that are used, in the order of the file; ids are ignored."""
PEOPLE = 2
TOPOLOGY = "kinect_v2_25"
_SPINE, _LEFT, _RIGHT = (JOINT_INDEX[name] for name in ("spine_mid", "shoulder_left", "shoulder_right"))


def official_input(recording: Recording) -> np.ndarray:
    """Convert a recording to the input of the published checkpoints.

    Returns:
        (T, 2, 25, 3) float32, 0 for a body that is never seen.

    Raises:
        ValueError: other joints than Kinect v2, or nobody in any frame.
    """
    if recording.topology != TOPOLOGY:
        raise ValueError(f"{recording.name}: expected topology {TOPOLOGY}, got {recording.topology}")
    bodies = np.zeros((BODIES, len(recording.frames), 25, 3))
    for index, frame in enumerate(recording.frames):
        for place, person in enumerate(frame.people[:BODIES]):
            bodies[place, index] = np.where(np.isfinite(person.joints), person.joints, 0.0)
    if not bodies.any():
        raise ValueError(f"{recording.name}: nobody in any frame")
    liveliest = np.argsort([_energy(body) for body in bodies])[::-1][:PEOPLE]
    people = np.stack([_without_gaps_at_the_ends(body) for body in bodies[liveliest]])
    seen = people.sum(axis=3, keepdims=True) != 0.0
    people = (people - people[:1, :, _SPINE : _SPINE + 1]) * seen
    people = people @ _turn(people[0, 0, _RIGHT] - people[0, 0, _LEFT]).T
    return people.transpose(1, 0, 2, 3).astype(np.float32)


def _energy(body: np.ndarray) -> float:
    """Motion of a body (T, V, 3): spread of its coordinates over the frames in which it is seen."""
    there = body[body.sum(axis=(1, 2)) != 0.0]
    return float(there.reshape(-1, 3).std(axis=0).sum()) if len(there) else 0.0


def _without_gaps_at_the_ends(body: np.ndarray) -> np.ndarray:
    """Shift a body (T, V, 3) to the first frame, and repeat it where it is no longer seen."""
    there = body.sum(axis=(1, 2)) != 0.0
    if not there.any():
        return body
    if not there[0]:
        kept = body[there]
        body = np.concatenate([kept, np.zeros((len(body) - len(kept), *body.shape[1:]))])
        there = np.arange(len(body)) < len(kept)
    last = int(np.flatnonzero(there)[-1]) + 1
    return body[np.arange(len(body)) % last] if last < len(body) else body


def _turn(line: np.ndarray) -> np.ndarray:
    """Smallest rotation (3, 3) of ``line`` onto +x; identity if it lies there already."""
    axis = np.cross(line, (1.0, 0.0, 0.0))
    length = np.linalg.norm(line)
    if length == 0.0 or np.abs(axis).sum() < 1e-6:
        return np.eye(3)
    angle = np.arccos(np.clip(line[0] / length, -1.0, 1.0))
    if abs(angle) < 1e-6:
        return np.eye(3)
    x, y, z = axis / np.linalg.norm(axis)
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * across + (1.0 - np.cos(angle)) * across @ across
