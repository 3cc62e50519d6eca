"""Clips of random movement."""

import numpy as np

from usdrl_model.skeleton.clip import Clip


def clip(frames: int, people: int = 1, seed: int = 0, rate: float = 10.0) -> Clip:
    rng = np.random.default_rng(seed)
    names = tuple(str(person) for person in range(people))
    return Clip(
        name=str(seed),
        dataset="made",
        stamps=1.0 + np.arange(frames) / rate,
        people=names,
        joints=rng.normal(1.0, 0.3, (frames, people, 25, 3)).astype(np.float32),
        confidence=np.ones((frames, people, 25), np.float32),
    )


def hide(clip: Clip, *where: slice | int) -> None:
    clip.joints[where] = 0.0
    clip.confidence[where] = 0.0
