"""Real people of published sets are left alone, and are told where they are read the wrong way."""

from collections.abc import Callable
from functools import lru_cache
from itertools import islice

import numpy as np
import pytest
from helpers.paths import public

from usdrl_model.data import catalogue
from usdrl_model.data.content_check import Sample
from usdrl_model.plausibility.findings import Level
from usdrl_model.plausibility.live_check import ContentCheck
from usdrl_model.plausibility.sights import Setup
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology

LOOKED_AT = 8
EVERY = {"utd_mhad": 40, "msraction3d": 30, "sbu": 30, "jhmdb2d": 40, "bandai_namco": 3, "nuisi": 9}
"""Recordings from one that is looked at to the next."""
FOLDERS = {"ntu60": "ntu_raw_samples"}
SETS = (
    "utkinect",
    "utd_mhad",
    "msraction3d",
    "msrc12",
    "sbu",
    "nuisi",
    "bandai_namco",
    "cmu_mocap",
    "ntu60",
    "jhmdb2d",
)
WHOLE = tuple(name for name in SETS if name not in ("nuisi", "jhmdb2d"))
"""Sets with whole bodies in three dimensions."""
FACING = tuple(name for name in WHOLE if name != "sbu")
"""Sets whose trackers give toes; hands alone, of short clips, tell the front in two of three."""


@lru_cache
def recordings(name: str) -> list[Recording]:
    step = EVERY.get(name, 1)
    return list(islice(catalogue.load(name, public(FOLDERS.get(name, name))), 0, LOOKED_AT * step, step))


def findings(
    recording: Recording, change: Callable[[np.ndarray], np.ndarray] = lambda joints: joints, said: str = ""
) -> set[str]:
    joint_set = topology(said or recording.topology)
    sample = Sample(Setup(topology=joint_set))
    for frame in recording.frames:
        people = []
        for person in frame.people:
            joints = np.full((len(joint_set.joints), 3), np.nan)
            sent = change(np.asarray(person.joints, np.float64))
            joints[: len(sent)] = sent
            people.append(Person(person.id, joints))
        sample.add(SkeletonFrame(frame.stamp, tuple(people)))
    return {finding.key for finding in sample.findings() if finding.level > Level.NOTE}


def share(name: str, key: str, change: Callable[[np.ndarray], np.ndarray], said: str = "") -> float:
    return float(np.mean([key in findings(recording, change, said) for recording in recordings(name)]))


@pytest.mark.parametrize("name", SETS)
def test_published_sets_are_left_alone(name: str) -> None:
    expected = {"legs"} if name == "nuisi" else set()  # its camera sees people from the waist up
    assert [findings(recording) for recording in recordings(name)] == [expected] * len(recordings(name))


@pytest.mark.parametrize("name", SETS)
def test_live_nobody_is_swapped_in_the_first_seconds(name: str) -> None:
    for recording in recordings(name):
        check = ContentCheck(Setup(topology=topology(recording.topology)))
        for frame in recording.frames:
            check.add(frame)
            assert "sides" not in {finding.key for finding in check.judgement.findings}, (recording.name, frame.stamp)


@pytest.mark.parametrize("name", WHOLE)
def test_units_and_axes_of_real_people(name: str) -> None:
    assert share(name, "units", lambda joints: 1000.0 * joints) == 1.0
    assert share(name, "axes", lambda joints: joints * (-1.0, -1.0, 1.0)) == 1.0
    assert share(name, "flat", lambda joints: joints * (500.0, 500.0, 0.0)) == 1.0
    optical_as_body = np.array([[0.0, -1, 0], [0, 0, 1], [-1, 0, 0]])
    assert share(name, "axes", lambda joints: joints @ optical_as_body.T) >= 0.8


@pytest.mark.parametrize("name", FACING)
def test_sides_of_real_people(name: str) -> None:
    assert share(name, "sides", lambda joints: joints * (-1.0, 1.0, 1.0)) >= 0.8


@pytest.mark.parametrize("said", ["k4abt_32", "zed_body_34"])
@pytest.mark.parametrize("name", WHOLE)
def test_topologies_of_real_people(name: str, said: str) -> None:
    assert share(name, "topology", lambda joints: joints, said) == 1.0
