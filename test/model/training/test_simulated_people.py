"""Simulated people beside recordings: nobody does unlabelled what a detector has a class for."""

import dataclasses

import numpy as np
import pytest
from helpers.tiny_finetuning import RUN

from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.simulation import encounter
from usdrl_model.simulation.interactions import INTERACTIONS
from usdrl_model.simulation.meeting import Meeting
from usdrl_model.simulation.script import ACTIONS
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings
from usdrl_model.training.performers import meetings, performances


def made(*labels: str, people: int = 1) -> Recording:
    """A simulated minute for a detector of these labels, without a vocabulary."""
    encoder = dataclasses.replace(RUN.detector.encoder, people=people)
    detector = DetectorConfig(labels=("none", *labels), encoder=encoder, rate=10.0)
    (found,) = recordings(SourceConfig(name="performer", minutes=1), None, 0, detector)
    return found


def same(one: Recording, other: Recording) -> bool:
    """Whether both show the same to the last digit."""
    return len(one.frames) == len(other.frames) and all(
        np.array_equal(mine.joints, theirs.joints, equal_nan=True)
        for left, right in zip(one.frames, other.frames, strict=True)
        for mine, theirs in zip(left.people, right.people, strict=True)
    )


def test_people_leave_out_the_acts_that_are_labels_of_ones_own() -> None:
    own = ("jump", "raise_hand", "point", "knock")
    (usual,), (without,) = performances(1, 0), performances(1, 0, without=own)
    assert same(made(*ACTIONS), usual)
    assert same(made(*ACTIONS, *own), without) and not same(without, usual)


def test_two_who_meet_leave_out_the_interactions_and_acts_that_are_labels_of_ones_own() -> None:
    (usual,), (without,) = meetings(1, 0), meetings(1, 0, without=("high_five", "wave"))
    assert same(made(*encounter.LABELS, people=2), usual)
    assert same(made(*encounter.LABELS, "high_five", "wave", people=2), without) and not same(without, usual)


def test_a_meeting_is_without_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = set[str]()
    for name, one in INTERACTIONS.items():
        seen = dataclasses.replace(one, perform=lambda p, name=name, do=one.perform: (drawn.add(name), do(p))[1])
        monkeypatch.setitem(INTERACTIONS, name, seen)
    left_out = ("high_five", "pat", "wave", "knock")
    found = [Meeting(np.random.default_rng(seed), 60.0, without=left_out).encounter for seed in range(20)]
    assert drawn == set(INTERACTIONS) - {"high_five", "pat"}
    alone = {act.action for one in found for acts in one.acts for act in acts}
    assert alone == set(encounter.BESIDE) - {"wave", "knock"}


def test_what_the_detector_has_no_class_for_is_background() -> None:
    assert not made("point").segments
    assert {segment.label for segment in made("hug", people=2).segments} <= {"hug", AMBIGUOUS}
