"""People move at the speed of people: steps a second, walking speed and sitting down, in every set that shows them.

A frame rate that is read wrongly makes everybody slow or fast, which no parser notices: a set at half its speed looks
perfectly well-formed. Walking is 1.2 to 2.6 steps/s and jogging 2 to 3; on the spot both are quicker.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from helpers.paths import public

from usdrl_model.data import catalogue
from usdrl_model.skeleton.person import canonical_frames
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX, topology

ANKLES = [JOINT_INDEX["ankle_left"], JOINT_INDEX["ankle_right"]]
PELVIS = JOINT_INDEX["spine_base"]
GRID = 60.0
"""Hz at which cadence is looked at."""

WALKING = {"utkinect": "walk", "sbu": "approach", "bandai_namco": "walk", "nw_ucla": "walk_around", "lafan1": "walk"}
WALKING_ON_THE_SPOT = {"utd_mhad": "walk"}
JOGGING = {"msraction3d": "jogging", "cmu_mocap": "jog", "bandai_namco": "run"}
JOGGING_ON_THE_SPOT = {"utd_mhad": "jog"}
GOING = {"utkinect": "walk", "bandai_namco": "walk", "nw_ucla": "walk_around"}
"""Walking that leads somewhere: in the other sets people take a step or two."""
SITTING = {"utkinect": "sit_down", "utd_mhad": "sit_down", "nw_ucla": "sit_down", "ntu60": "sit_down"}
TEMPO = [
    *((name, label, 1.2, 2.6) for name, label in WALKING.items()),
    *((name, label, 1.2, 2.8) for name, label in WALKING_ON_THE_SPOT.items()),
    *((name, label, 2.0, 3.0) for name, label in JOGGING.items()),
    *((name, label, 2.0, 4.0) for name, label in JOGGING_ON_THE_SPOT.items()),
]

Move = tuple[np.ndarray, np.ndarray]
"""Stamps (T,) and canonical joints (T, 25, 3) of somebody who does one thing."""


def moves(name: str, label: str) -> list[Move]:
    """Everybody of a set who does ``label``; skips where the set is not here."""
    found = all_moves(name)[label]
    assert found, f"{name} has no {label}"
    return found


@cache
def all_moves(name: str) -> dict[str, list[Move]]:
    """Label -> who does it, of the labels above."""
    tables = (WALKING, WALKING_ON_THE_SPOT, JOGGING, JOGGING_ON_THE_SPOT, SITTING)
    wanted = {table[name] for table in tables if name in table}
    found = defaultdict(list)
    for recording in catalogue.load(name, public(name)):
        for label in wanted:
            found[label] += labelled(recording, label)
    return found


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


@pytest.mark.parametrize(("name", "label", "slowest", "fastest"), TEMPO)
def test_people_step_at_the_cadence_of_people(name: str, label: str, slowest: float, fastest: float) -> None:
    assert slowest <= np.median([cadence(*move) for move in moves(name, label)]) <= fastest


@pytest.mark.parametrize("name", GOING)
def test_people_walk_as_fast_as_people(name: str) -> None:
    assert 0.5 <= np.median([speed(*move) for move in moves(name, GOING[name])]) <= 1.8


@pytest.mark.parametrize("name", SITTING)
def test_people_sit_down_within_three_seconds(name: str) -> None:
    lasting = [stamps[-1] - stamps[0] for stamps, _ in moves(name, SITTING[name])]
    assert 0.7 <= np.median(lasting) <= 3.0


@pytest.mark.parametrize("steps", [0.9, 1.4, 2.2])
def test_cadence_is_measured_as_it_is(steps: float) -> None:
    stamps = np.arange(0.0, 3.0, 1.0 / 15.0)
    joints = np.zeros((len(stamps), 25, 3))
    joints[:, ANKLES[0], 2] = 0.3 * np.sin(np.pi * steps * stamps)
    assert cadence(stamps, joints) == pytest.approx(steps, abs=0.15)
