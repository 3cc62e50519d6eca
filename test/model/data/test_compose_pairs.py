"""Clips of two people laid into streams, and single people beside each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.trimmed import pair, trimmed

from usdrl_model.data import vocabulary
from usdrl_model.data.compose_pairs import APART, streams
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.simulation.script import parse
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX, PARENTS

HRI = vocabulary.load("hri")
HIPS = JOINT_INDEX["spine_base"]


def known(*given: Recording, dataset: str = "sbu") -> list[Recording]:
    found = [in_vocabulary(one, dataset, HRI, pairs=True) for one in given]
    return [one for one in found if one is not None]


def places(stream: Recording) -> np.ndarray:
    return np.array([[person.joints for person in frame.people] for frame in stream.frames])


def test_both_do_what_pairs_do_and_one_what_is_done_to_the_other() -> None:
    (hug, punch) = known(pair("hug"), pair("punch"))
    assert [(one.person, one.label) for one in hug.segments] == [("1", "hug"), ("2", "hug")]
    assert hug.segments[0].start == hug.segments[1].start
    assert [(one.person, one.label) for one in punch.segments] == [("2", "punch")]


def test_what_looks_like_it_without_anybody_is_ambiguous_and_the_rest_background() -> None:
    boxing, wave = known(trimmed("boxing"), trimmed("wave"), dataset="utd_mhad")
    assert {one.label for one in boxing.segments} == {AMBIGUOUS}
    assert (wave.label, wave.segments) == ("none", ())


def test_clips_of_a_pair_follow_each_other_without_a_leap() -> None:
    given = known(*(pair("hug", seed, turned=bool(seed % 2)) for seed in range(4)))
    (stream,) = streams(given, 0, pairs=True)
    stamps, joints = np.array([frame.stamp for frame in stream.frames]), places(stream)
    assert (np.diff(stamps) > 0.0).all()
    assert [one.label for one in stream.segments].count("hug") == 8
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max() / np.diff(stamps).min()
    assert speed < 4.0, "a clip that begins elsewhere is moved and turned to where they stand"
    np.testing.assert_allclose(np.linalg.norm(joints[:, 0, HIPS] - joints[:, 1, HIPS], axis=1), 1.0, atol=0.1)
    bones = np.linalg.norm(joints - joints[:, :, list(PARENTS)], axis=-1)
    assert np.ptp(bones[:, 0], axis=0).max() < 0.05, "the body of the one who stands stays the same"


def test_people_of_two_joint_sets_share_no_window() -> None:
    """People are in one window where their recordings have one name."""
    scripts = tuple(parse([f"wave {seconds}"]) for seconds in (3, 4))
    acted = [simulate(PerformanceConfig(scripts=scripts, topology=joints), 0) for joints in ("k4abt_32", CANONICAL)]
    given = [replace(one, label="hug", segments=(), subject="anna") for one in acted]
    assert [one.name for one in streams(given, 0, pairs=True)] == ["anna_stream00", "anna_stream01"]


def test_both_people_of_a_clip_in_labels_of_ones_own_do_what_it_says() -> None:
    (stream,) = streams([pair("lift"), replace(pair("none", 1), label="none")], 0, pairs=True)
    said = [one for one in stream.segments if one.label != AMBIGUOUS]
    assert [(one.person, one.label) for one in said] == [("1", "lift"), ("2", "lift")]
    assert said[0].end - said[0].start == pytest.approx(1.0, abs=0.4), "while one of them moves"


def test_whole_recordings_of_several_people_stay_as_they_are() -> None:
    whole = replace(pair("hug"), label=None, segments=(Segment("1", "hug", 0.1, 0.5),))
    hug, clip = streams([whole, *known(pair("hug"))], 0, pairs=True)
    assert hug is whole
    assert clip.name.endswith("stream00")


def test_coming_nearer_between_two_clips_is_ambiguous() -> None:
    given = known(pair("hug", 0, apart=1.0), pair("hug", 1, apart=1.8))
    (stream,) = streams(given, 0, pairs=True)
    assert [one.person for one in stream.segments if one.label == AMBIGUOUS] == ["1", "2"]


def test_single_people_stand_beside_each_other_and_have_nothing_to_do_with_it() -> None:
    given = known(*(trimmed("wave", who) for who in "1234"), dataset="utd_mhad")
    found = list(streams(given, 0, pairs=True))
    assert len(found) == 2
    for stream in found:
        joints = places(stream)
        gap = np.linalg.norm((joints[:, 0, HIPS] - joints[:, 1, HIPS])[:, [0, 2]], axis=1)
        assert APART[0] - 0.05 < gap.min() and gap.max() < APART[1] + 0.05
        assert not stream.segments
    again = list(streams(given, 0, pairs=True))
    np.testing.assert_array_equal(places(again[0]), places(found[0]))
    assert [one.segments for one in streams(given, 0, pairs=False)], "for a model of one they stay alone"


def test_labels_of_somebody_who_is_not_there_are_left_out() -> None:
    (given,) = known(pair("hug"))
    (stream,) = streams([replace(given, segments=(*given.segments, Segment("3", "hug", 0.0, 9.0)))], 0, pairs=True)
    assert {one.person for one in stream.segments} == {"1", "2"}


@pytest.mark.parametrize("mark", ["flat", "lifted"])
def test_streams_of_joints_that_were_found_in_a_picture_say_so(mark: str) -> None:
    given = [pair("hug"), trimmed("wave", "1"), trimmed("wave", "2")]
    drawn = [replace(one, frames=tuple(replace(frame, **{mark: True}) for frame in one.frames)) for one in given]
    found = list(streams(drawn, 0, pairs=True))
    assert len(found) == 2
    assert all(getattr(frame, mark) for stream in found for frame in stream.frames)


@pytest.mark.parametrize("label", ["approach", "handshake"])
def test_a_pair_of_which_one_is_not_seen_is_left_out(label: str) -> None:
    clip = pair(label)
    lost = replace(clip, frames=tuple(replace(f, people=f.people[1:]) for f in clip.frames[1:]))
    one = replace(lost, frames=(clip.frames[0], *lost.frames))
    assert list(streams(known(one), 0, pairs=True)) == []
