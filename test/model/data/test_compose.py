"""Trimmed clips laid into streams: every clip once, one person a stream, regular stamps, plausible movement between."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.paths import public
from helpers.trimmed import MOVES, RATE, pair, trimmed

from usdrl_model.data import catalogue
from usdrl_model.data.active_span import active_span
from usdrl_model.data.compose import compose
from usdrl_model.data.in_vocabulary import ONE_OF
from usdrl_model.data.transition import across, blend, heading, placed, turned
from usdrl_model.simulation.script import parse
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS


def path(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    stamps = np.array([frame.stamp for frame in recording.frames])
    return stamps, np.stack([frame.people[0].joints for frame in recording.frames])


def test_a_person_moves_between_the_ends_of_a_clip() -> None:
    start, end = active_span(Clip.of(trimmed("wave")))  # type: ignore[misc]
    assert start - 5.0 == pytest.approx(MOVES[0], abs=0.2) and end - 5.0 == pytest.approx(MOVES[1], abs=0.2)


def test_somebody_who_stands_still_is_never_active() -> None:
    still = trimmed("wave")
    assert active_span(Clip.of(Recording("a", still.topology, still.frames[:12], label="wave"))) is None


def test_every_clip_is_laid_once_and_people_are_not_joined() -> None:
    given = [
        trimmed(label, who, seed=n) for n, (label, who) in enumerate([("wave", "1"), ("clap", "2"), ("wave", "2")])
    ]
    streams = list(compose(given, 3))
    assert sorted((one.subject, [s.label for s in one.segments]) for one in streams) in (
        [("1", ["wave"]), ("2", labels)] for labels in (["wave", "clap"], ["clap", "wave"])
    )
    assert len({one.name for one in streams}) == len(streams)


def test_no_two_streams_have_one_name() -> None:
    """Joint sets, bodies and people of clips of several may make two groups of one subject."""
    tracked = [trimmed("wave", "anna", seed=n) for n in range(2)]
    acted = simulate(PerformanceConfig(scripts=(parse(["wave 3"]),), topology="k4abt_32"), 0)
    other = [dataclasses.replace(acted, label="wave", segments=(), subject="anna")]
    several = [dataclasses.replace(pair("clap", n, startled=0.4), subject="anna") for n in range(2)]
    left = [dataclasses.replace(trimmed("wave", "anna", tall=1.3), tags={ONE_OF: "2"})]
    streams = list(compose([*tracked, *other, *several, *left], 0))
    assert len(streams) == len({one.name for one in streams}) == 5
    alone = list(compose(tracked * 8, 0))
    assert [one.name for one in alone] == ["anna_stream00", "anna_stream01"]


def test_who_moves_while_hardly_anything_of_them_is_seen_is_left_out() -> None:
    clip = trimmed("wave")
    arm = [JOINT_INDEX[f"{part}_right"] for part in ("elbow", "wrist", "hand")]
    frames = list(clip.frames)
    for number, frame in enumerate(frames[8:], start=8):
        joints = np.full((25, 3), np.nan)
        joints[arm] = frame.people[0].joints[arm]
        frames[number] = dataclasses.replace(frame, people=(dataclasses.replace(frame.people[0], joints=joints),))
    assert not list(compose([dataclasses.replace(clip, frames=tuple(frames))], 0))


@pytest.mark.parametrize("mark", ["flat", "lifted"])
def test_a_stream_of_joints_that_were_found_in_a_picture_says_so(mark: str) -> None:
    clip = trimmed("wave")
    frames = tuple(dataclasses.replace(frame, **{mark: True}) for frame in clip.frames)
    (stream,) = compose([dataclasses.replace(clip, frames=frames)], 0)
    assert all(getattr(frame, mark) for frame in stream.frames)


def test_a_stream_has_the_moving_parts_as_segments_between_standing_still() -> None:
    (stream,) = compose([trimmed("wave", seed=n) for n in range(6)], 0)
    stamps, joints = path(stream)
    np.testing.assert_allclose(np.diff(stamps), 1.0 / RATE, rtol=1e-6)
    hand = joints[:, JOINT_INDEX["hand_right"], 1] - joints[:, JOINT_INDEX["spine_mid"], 1]
    inside = np.zeros(len(stamps), bool)
    for segment in stream.segments:
        assert segment.end - segment.start == pytest.approx(MOVES[1] - MOVES[0], abs=0.3)
        inside |= (stamps >= segment.start) & (stamps <= segment.end)
    assert hand[~inside].max() < hand[inside].max() - 0.3
    assert stamps[-1] - stamps[0] > 6 * 2.5 + 3.0, "no time to stand still"


def test_a_seed_gives_the_same_streams_and_another_one_others() -> None:
    given = [trimmed(label, seed=n) for n, label in enumerate(["wave", "clap"] * 3)]
    one, same, other = (list(compose(given, seed)) for seed in (1, 1, 2))
    assert one[0].segments == same[0].segments != other[0].segments
    np.testing.assert_array_equal(path(one[0])[1], path(same[0])[1])


def test_getting_up_between_two_clips_may_look_like_an_action() -> None:
    (stream,) = compose([trimmed("sit", sink=0.4, seed=n) for n in range(2)], 0)
    labels = [segment.label for segment in sorted(stream.segments, key=lambda one: one.start)]
    assert labels == ["sit", AMBIGUOUS, "sit"]


@pytest.mark.parametrize("hidden", [False, True])
def test_nobody_rests_seated_because_their_hips_are_not_seen_at_first(hidden: bool) -> None:
    clip, sit = trimmed("wave"), trimmed("sit", sink=0.4, seconds=3.5)
    start, end = (clip.frames[0].stamp + moment for moment in (MOVES[0] - 0.1, MOVES[1] + 0.1))
    frames = [one for one in clip.frames if start <= one.stamp <= end]
    if hidden:
        joints = frames[0].people[0].joints.copy()
        joints[JOINT_INDEX["spine_base"]] = np.nan
        frames[0] = dataclasses.replace(frames[0], people=(dataclasses.replace(frames[0].people[0], joints=joints),))
    wave = dataclasses.replace(clip, frames=tuple(frames))
    streams = [next(compose([wave, sit], seed)) for seed in range(4)]
    first = [one for one in streams if one.segments[0].label == "wave"]
    heads = [path(one)[1][0, JOINT_INDEX["head"], 1] for one in first]
    assert heads == pytest.approx([frames[-1].people[0].joints[JOINT_INDEX["head"], 1]] * len(heads), abs=0.05)
    assert first


def test_bodies_of_different_size_are_not_joined_where_a_set_names_nobody() -> None:
    given = [trimmed("wave", None, seed=n, tall=(1.0, 1.3)[n % 2]) for n in range(4)]
    assert sorted(len(one.segments) for one in compose(given, 0)) == [2, 2]


def test_whoever_is_left_of_several_is_known_by_their_bones_alone() -> None:
    given = [trimmed("wave", seed=n, tall=(1.0, 1.3)[n % 2]) for n in range(4)]
    assert [len(one.segments) for one in compose(given, 0)] == [4]
    left = [dataclasses.replace(one, tags={ONE_OF: "2"}) for one in given]
    assert [len(one.segments) for one in compose(left, 0)] == [2, 2]


@pytest.mark.parametrize("turn", [0.3, 1.0, -2.0, 3.0, -3.1])
def test_somebody_goes_on_where_they_stood_and_as_they_faced(turn: float) -> None:
    before = np.random.default_rng(0).normal(size=(25, 3))
    clip = turned(before, turn)[None] + (3.0, 0.0, 1.0)
    assert np.isclose(np.exp(1j * heading(across(clip[0]))), np.exp(1j * (heading(across(before)) + turn)))
    (after,) = placed(clip, before)
    if abs(turn) > 0.5:
        np.testing.assert_allclose(after, before, atol=1e-9)
    else:
        np.testing.assert_allclose(after - after[1], clip[0] - clip[0, 1], atol=1e-9)


def test_continuous_recordings_stay_also_those_in_which_nothing_is_done() -> None:
    clip = trimmed("wave")
    whole = Recording("long", clip.topology, clip.frames, segments=(Segment("7", "wave", 5.5, 6.0),))
    silent = Recording("silent", clip.topology, clip.frames)
    assert list(compose([whole, silent], 0)) == [whole, silent]


def test_bones_keep_their_length_in_a_transition() -> None:
    down = path(trimmed("wave"))[1][0]
    up = down.copy()
    up[[JOINT_INDEX[f"{name}_left"] for name in ("wrist", "hand", "hand_tip", "thumb")]] += [0.0, 0.1, 0.1]
    up[JOINT_INDEX["head"]] = np.nan
    between = blend(down, up, np.linspace(0.0, 1.0, 9))
    np.testing.assert_allclose(between[[0, -1]], np.stack([np.where(np.isfinite(up), down, np.nan), up]), atol=1e-9)
    wrist = JOINT_INDEX["wrist_left"]
    bones = np.linalg.norm(between[:, wrist] - between[:, PARENTS[wrist]], axis=1)
    assert (bones >= min(bones[0], bones[-1]) - 1e-9).all() and (bones <= max(bones[0], bones[-1]) + 1e-9).all()


@pytest.mark.parametrize("name", ["utd_mhad", "msraction3d"])
def test_real_clips_become_streams_of_plausible_people(name: str) -> None:
    subject = {"utd_mhad": "1", "msraction3d": "01"}[name]
    given = [one for one in catalogue.load(name, public(name)) if one.subject == subject]
    streams = list(compose(given, 0))
    labels = sorted(segment.label for one in streams for segment in one.segments if segment.label != AMBIGUOUS)
    assert labels == sorted(str(one.label) for one in given)
    for one in streams:
        stamps = np.array([frame.stamp for frame in one.frames])
        assert (np.diff(stamps) > 0.0).all()
        hips = np.array([f.people[0].joints[0] if f.people else [np.nan] * 3 for f in one.frames])
        speed = np.linalg.norm(np.diff(hips, axis=0), axis=1) / np.diff(stamps)
        between = np.ones(len(speed), bool)  # trackers jump within the clips
        for segment in one.segments:
            between &= (stamps[1:] < segment.start) | (stamps[:-1] > segment.end)
        assert np.nanmax(speed[between]) < 2.0, "somebody jumps between two clips"


def test_a_label_ends_with_what_is_seen_of_its_clip() -> None:
    whole = trimmed("wave", "1")
    begin, end = whole.frames[0].stamp + 0.4, whole.frames[-1].stamp - 0.4
    frames = tuple(
        one if begin <= one.stamp <= end else dataclasses.replace(one, people=()) for one in whole.frames
    )  # fmt: skip
    (who,) = {person.id for one in frames for person in one.people}
    clip = dataclasses.replace(
        whole, frames=frames, segments=(Segment(who, "wave", whole.frames[0].stamp, whole.frames[-1].stamp),)
    )
    (stream,) = compose([clip], 0)
    (segment,) = stream.segments
    assert segment.end - segment.start == pytest.approx(end - begin, abs=2.1 / RATE)
    assert stream.frames[0].stamp < segment.start < segment.end < stream.frames[-1].stamp
