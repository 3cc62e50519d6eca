"""Two people who were recorded each in axes of their own -> the two before each other, as they stood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from usdrl_model.data.transition import across, heading, turned
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX

_HAND, _HIPS = JOINT_INDEX["hand_right"], JOINT_INDEX["spine_base"]


def face_to_face(recording: Recording) -> Recording:
    """Two people look at each other, as far apart as their right hands reach: where each reaches farthest, they meet.

    Args:
        recording: of two people; how they stand to each other in it does not matter.

    Returns:
        The same in canonical joints, the hips of both equally high; unchanged where there are not two people, one is
        never seen with hips, shoulders and a right hand, or joints are in a picture, where nobody has a heading.
    """
    clip = Clip.of(recording)
    if len(clip.people) != 2 or clip.flat:
        return recording
    joints = np.where(clip.mask[..., None], clip.joints.astype(np.float64), np.nan)
    known = np.isfinite(joints[:, :, [_HAND, _HIPS]]).all(axis=(2, 3)) & np.isfinite(across(joints)).all(axis=2)
    if not known.any(axis=0).all():
        return recording
    placed, reached = [], []
    for place, ahead in enumerate((1.0, -1.0)):
        one = joints[:, place]
        one = turned(one, place * np.pi - heading(np.nanmedian(across(one), axis=0)))
        one = one - np.nanmedian(one[:, _HIPS], axis=0)
        placed.append(one)
        reached.append(one[int(np.nanargmax(ahead * one[:, _HAND, 2])), _HAND])
    away = reached[0] - reached[1]
    placed[1] = placed[1] + [away[0], 0.0, away[2]]
    frames = tuple(
        SkeletonFrame(
            float(stamp),
            tuple(_person(*one) for one in zip(clip.people, poses, strict=True)),
            lifted=clip.lifted,
        )
        for stamp, *poses in zip(clip.stamps, *placed, strict=True)
    )
    return replace(recording, topology=CANONICAL, frames=frames)


def _person(name: str, pose: np.ndarray) -> Person:
    return Person(name, pose, np.isfinite(pose).all(axis=1).astype(np.float64), judged=True)
