"""A recording of two people who come and go."""

import numpy as np

from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology

RNG = np.random.default_rng(3)


def person(name: str, where: str = "kinect_v1_20", confidence: bool = False) -> Person:
    count = len(topology(where).joints)
    joints = RNG.normal(0.0, 0.2, (count, 3)) + (0.1, 0.2, 2.5)
    return Person(name, joints, RNG.uniform(0.0, 1.0, count) if confidence else None)


def recording(name: str = "a", subject: str = "1", label: str | None = "wave", **more: object) -> Recording:
    """Two people who come and go: both in frame 0, nobody in frame 1, "b" alone (first in the list) afterwards."""
    stamps = (1.0, 1.04, 1.07, 1.1)
    people = ((person("a"), person("b")), (), (person("b"),), (person("b"), person("a")))
    frames = tuple(SkeletonFrame(stamp, seen) for stamp, seen in zip(stamps, people, strict=True))
    return Recording(name, "kinect_v1_20", frames, labels=("wave", "kick"), subject=subject, label=label, **more)
