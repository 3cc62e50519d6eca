"""Windows as the published USDRL checkpoints expect them, of Kinect v2 recordings.

    x = official_input(raw(store.recording(0)))                # (L, 2, 25, 3)

The checkpoints were trained on raw joints without a mask: the two of the first four bodies that move most, centred in
every frame on the middle of the first one's spine, rotated once so that its shoulders in the first frame lie along +x.
The spine is not rotated upright. The code follows that recipe exactly, also where another one would be better: with
other windows the published weights lose five points of their accuracy. Missing joints are 0; joints that are not finite
count as missing, because a single NaN would spread over the whole clip.

Letters: L frames of the clip, M people, V joints.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX

BODIES = 4
"""Bodies of a frame that are used, in the order of the file; ids are ignored."""
PEOPLE = 2
TOPOLOGY = "kinect_v2_25"
_SPINE, _LEFT, _RIGHT = (JOINT_INDEX[name] for name in ("spine_mid", "shoulder_left", "shoulder_right"))


def raw(recording: Recording) -> Clip:
    """A recording with every joint that the sensor wrote, however sure it was of it.

    Raises:
        ValueError: other joints than Kinect v2.
    """
    if recording.topology != TOPOLOGY:
        raise ValueError(f"{recording.name}: expected topology {TOPOLOGY}, got {recording.topology}")
    clip = Clip.of(recording)
    joints, confidence = np.zeros_like(clip.joints), np.zeros_like(clip.confidence)
    places = {name: place for place, name in enumerate(clip.people)}
    for row, frame in enumerate(recording.frames):
        for person in reversed(frame.people):  # of two with the same id the first, as in the clip
            joints[row, places[person.id]] = np.where(np.isfinite(person.joints), person.joints, 0.0)
            confidence[row, places[person.id]] = 1.0
    return replace(clip, joints=joints, confidence=confidence)


def official_input(clip: Clip, frames: slice | np.ndarray = slice(None), people: int = PEOPLE) -> np.ndarray:
    """The input of the published checkpoints, before its frames become 64.

    Args:
        clip: of ``raw``.
        frames: which of its frames.
        people: M.

    Returns:
        (L, M, 25, 3) float32, 0 for a body that is never seen.
    """
    joints, mask = clip.joints[frames], clip.mask[frames]
    bodies = np.zeros((BODIES, len(joints), *joints.shape[2:]))
    for index, seen in enumerate(mask):
        present = np.flatnonzero(seen.any(axis=1))[:BODIES]
        bodies[: len(present), index] = joints[index, present]
    liveliest = np.argsort([_energy(body) for body in bodies])[::-1][:people]
    chosen = np.stack([_without_gaps_at_the_ends(body) for body in bodies[liveliest]])
    there = chosen.sum(axis=3, keepdims=True) != 0.0
    chosen = (chosen - chosen[:1, :, _SPINE : _SPINE + 1]) * there
    chosen = chosen @ _turn(chosen[0, 0, _RIGHT] - chosen[0, 0, _LEFT]).T
    return np.ascontiguousarray(chosen.transpose(1, 0, 2, 3), dtype=np.float32)


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
