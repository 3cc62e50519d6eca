"""Four frames of two people, labelled, of which two frames share a stamp."""

import numpy as np

from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import topology

STAMPS = (5.0, 5.0 + 1 / 30, 5.0 + 1 / 30, 7.25)


def recording(people: int = 2) -> Recording:
    joints = len(topology("kinect_v1_20").joints)
    rng = np.random.default_rng(7)
    frames = []
    for stamp in STAMPS:
        persons = tuple(
            Person(id=str(number + 3), joints=rng.normal(size=(joints, 3)), confidence=rng.uniform(size=joints))
            for number in range(people)
        )
        frames.append(SkeletonFrame(stamp=stamp, people=persons))
    return Recording(
        name="take",
        topology="kinect_v1_20",
        frames=tuple(frames),
        segments=(Segment("3", "wave", 5.0, 5.0 + 1 / 30), Segment("4", "clap", 5.0 + 1 / 3, 7.25)),
        labels=("wave", "clap", "walk"),
    )
