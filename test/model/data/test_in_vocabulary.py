"""Recordings of data sets in the labels of a vocabulary."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.acting import script
from helpers.paths import public
from helpers.trimmed import MOVES, pair, trimmed

from usdrl_model.data import catalogue, vocabulary
from usdrl_model.data.acting import acting
from usdrl_model.data.compose import compose
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.vocabulary import Label, Vocabulary
from usdrl_model.simulation.faults import TrackerFaults
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.skeleton.topology import JOINT_INDEX

HRI = vocabulary.load("hri")
RUNS = Vocabulary(
    labels={"run": Label(description="running", sources={"utd_mhad": ("jog",)})}, ambiguous={"utd_mhad": ("bowling",)}
)
"""Of running alone: what else a set shows is background, whatever the vocabulary that ships comes to name."""
LEFT = [JOINT_INDEX[f"{name}_left"] for name in ("wrist", "hand", "hand_tip", "thumb")]


def test_a_clip_shows_its_action_while_the_person_moves() -> None:
    found = in_vocabulary(trimmed("jog"), "utd_mhad", RUNS)
    assert found is not None and found.label == "run" and found.labels == ("run",)
    (segment,) = found.segments
    assert (segment.person, segment.label) == ("7", "run")
    assert segment.start - 5.0 == pytest.approx(MOVES[0], abs=0.2)


def test_what_the_vocabulary_lacks_is_background_and_what_is_ambiguous_stays_so() -> None:
    other = in_vocabulary(trimmed("knock"), "utd_mhad", RUNS)
    assert other is not None and (other.label, other.segments) == ("none", ())
    doubtful = in_vocabulary(trimmed("bowling"), "utd_mhad", RUNS)
    assert doubtful is not None and [segment.label for segment in doubtful.segments] == [AMBIGUOUS]


def test_picking_up_ends_and_throwing_starts_when_somebody_stands_again() -> None:
    thrown = [one for one in catalogue.load("utd_mhad", public("utd_mhad")) if one.label == "pick_up_and_throw"]
    for one in thrown[:4]:
        found = in_vocabulary(one, "utd_mhad", HRI)
        assert found is not None
        picked, threw = found.segments
        assert (picked.label, threw.label) == ("pick_up", "throw") and picked.end == threw.start
        head = np.array([frame.people[0].joints[0, 1] for frame in one.frames])
        lowest = one.frames[int(head.argmin())].stamp
        assert picked.start < lowest < picked.end < lowest + 1.0
        (stream,) = compose([found], 0)
        assert [segment.label for segment in stream.segments] == ["pick_up", "throw"]


def test_an_instant_becomes_the_time_of_the_gesture_between_margins() -> None:
    clip = trimmed("")
    points = tuple(Segment("1", label, 50.0, 50.0) for label in ("throw", "goggles"))
    found = in_vocabulary(replace(clip, label=None, segments=points), "msrc12", HRI)
    assert found is not None
    assert [(one.label, round(one.start, 2), round(one.end, 2)) for one in found.segments] == [
        (AMBIGUOUS, 48.7, 49.1), ("throw", 49.1, 50.3), (AMBIGUOUS, 50.3, 50.7)
    ]  # fmt: skip


def test_labels_of_frames_say_more_than_the_label_of_the_clip() -> None:
    shown = (Segment("7", "jog", 5.2, 5.9), Segment("7", "knock", 5.9, 6.4), Segment("7", "jog", 6.4, 7.0))
    found = in_vocabulary(replace(trimmed("jog"), segments=shown), "utd_mhad", RUNS)
    assert found is not None and found.label is None
    named = in_vocabulary(replace(trimmed("jog"), segments=shown, label=None), "utd_mhad", RUNS)
    assert named is not None and found.segments == named.segments
    assert [(one.label, one.start, one.end) for one in found.segments] == [
        ("run", 5.2, 5.9), ("run", 6.4, 7.0)
    ]  # fmt: skip


def test_of_two_people_the_one_who_acts_is_kept() -> None:
    assert acting(Clip.of(pair("punch"))) == 1
    assert acting(Clip.of(pair("punch", startled=1.3))) == 1
    found = in_vocabulary(pair("punch"), "sbu", HRI)
    assert found is not None and {one.id for frame in found.frames for one in frame.people} == {"2"}
    both = in_vocabulary(pair("hug"), "sbu", HRI)
    assert both is not None and (both.label, len(both.frames[0].people)) == ("none", 2)
    together = in_vocabulary(pair("hug"), "sbu", HRI, pairs=True)
    assert together is not None and together.label == "hug"


def beside_somebody_who_waves(twitch: float, noise: float) -> Recording:
    """Somebody waves; somebody else stands, noisily seen, and one of their hands goes up once, by metres."""
    scripts = (script(("idle", 2.0), ("wave", 3.0), ("idle", 1.0)), script(("idle", 6.0)))
    faults = TrackerFaults(jitter=noise, wander=noise)
    seen = simulate(PerformanceConfig(scripts=scripts, rate=30.0, faults=faults), 1)
    frames = []
    for frame in seen.frames:
        waves, stands = frame.people
        joints = np.array(stands.joints)
        joints[LEFT, 1] += twitch * np.sin(np.pi * np.clip((frame.stamp - 1.0) / 0.5, 0.0, 1.0)) ** 2
        frames.append(replace(frame, people=(waves, replace(stands, joints=joints))))
    return replace(seen, frames=tuple(frames), segments=(), label="wave", labels=("wave",))


@pytest.mark.parametrize(("twitch", "noise"), [(0.05, 0.002), (0.1, 0.002), (0.2, 0.002), (0.0, 0.008), (0.1, 0.008)])
def test_who_stands_beside_somebody_who_acts_and_twitches_does_nothing_that_is_known(
    twitch: float, noise: float
) -> None:
    found = in_vocabulary(beside_somebody_who_waves(twitch, noise), "performer", HRI)
    assert found is not None
    assert {(one.person, one.label) for one in found.segments} == {("1", "wave"), ("2", AMBIGUOUS)}


def test_who_acts_gently_beside_another_acts() -> None:
    found = in_vocabulary(pair("wave", startled=0.2), "nuisi", HRI)
    assert found is not None and {(one.person, one.label) for one in found.segments} == {("1", "wave"), ("2", "wave")}


def test_both_of_two_real_people_who_wave_at_each_other_do() -> None:
    found = [
        in_vocabulary(one, "nuisi", HRI) for one in catalogue.load("nuisi", public("nuisi")) if one.label == "wave"
    ]
    assert len(found) == 19
    assert {tuple(one.label for one in wave.segments) for wave in found if wave} == {("wave", "wave")}


def test_where_nobody_clearly_acts_nothing_is_learnt() -> None:
    clip = pair("punch")
    same = replace(
        clip, frames=tuple(replace(f, people=(f.people[1], replace(f.people[1], id="1"))) for f in clip.frames)
    )
    found = in_vocabulary(same, "sbu", HRI)
    assert found is not None and {segment.label for segment in found.segments} == {AMBIGUOUS}


def test_recordings_whose_content_is_published_have_it_and_others_are_left_out() -> None:
    clip = replace(trimmed("", seed=0), label=None)
    found = in_vocabulary(replace(clip, name="02_03"), "cmu_mocap", HRI)
    assert found is not None and found.label == "run"
    assert in_vocabulary(replace(clip, name="99_01"), "cmu_mocap", HRI) is None


def test_a_kick_of_the_real_pairs_is_that_of_the_one_whose_foot_rises() -> None:
    kicks = [one for one in catalogue.load("sbu", public("sbu")) if one.label == "kick"]
    found = [one for one in (in_vocabulary(kick, "sbu", HRI) for kick in kicks) if one and one.label == "kick"]
    assert len(found) >= 0.8 * len(kicks)
    for one in found:
        clip = Clip.of(one)
        feet = clip.joints[:, 0, [14, 18], 1][clip.mask[:, 0, [14, 18]].all(axis=1)]
        assert np.ptp(feet, axis=0).max() > 0.15


def test_who_pushes_is_the_one_who_touches_the_other_and_not_the_one_whose_arms_fly_up() -> None:
    pushing = {
        "s01s03_04_002": "2",
        "s02s03_04_001": "1",
        "s02s07_04_002": "2",
        "s03s02_04_001": "2",
        "s04s02_04_001": "1",
    }
    pushes = [one for one in catalogue.load("sbu", public("sbu")) if one.label == "push"]
    found = [one for one in (in_vocabulary(push, "sbu", HRI) for push in pushes) if one and one.label == "push"]
    assert len(found) >= 0.8 * len(pushes)
    kept = {one.name: one.frames[0].people[0].id for one in found}
    assert {name: kept.get(name) for name in pushing} == pushing
