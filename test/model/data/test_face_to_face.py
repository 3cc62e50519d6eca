"""Two people, each in axes of their own, set before each other."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.acting import script
from helpers.paths import public

from usdrl_model.data import catalogue, vocabulary
from usdrl_model.data.face_to_face import face_to_face
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.transition import across, heading
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX

HAND, HIPS = JOINT_INDEX["hand_right"], JOINT_INDEX["spine_base"]


def two(seed: int) -> Recording:
    """Two who hold out a hand, side by side and turned anyhow."""
    acts = script(("idle", 1.0), ("hold_hand_out", 2.0), ("idle", 1.0))
    return simulate(PerformanceConfig(scripts=(acts, acts)), seed)


@pytest.mark.parametrize("seed", range(4))
def test_hands_meet_between_two_who_look_at_each_other(seed: int) -> None:
    made = Clip.of(face_to_face(two(seed)))
    first, second = made.joints[:, 0].astype(float), made.joints[:, 1].astype(float)
    ahead = [heading(np.median(across(one), axis=0)) for one in (first, second)]
    assert abs(np.angle(np.exp(1j * (ahead[1] - ahead[0] - np.pi)))) < 0.05
    assert second[:, HIPS, 2].min() > first[:, HIPS, 2].max() + 0.3
    assert np.linalg.norm((first - second)[:, HAND][:, [0, 2]], axis=1).min() < 0.1
    np.testing.assert_allclose(np.median(first[:, HIPS, 1]), np.median(second[:, HIPS, 1]), atol=1e-4)


def test_bodies_and_time_stay_as_they_are() -> None:
    given = two(0)
    before, after = Clip.of(given), Clip.of(face_to_face(given))
    assert face_to_face(given).topology == CANONICAL
    np.testing.assert_array_equal(after.stamps, before.stamps)
    for place in (0, 1):
        lengths = [
            np.linalg.norm(one.joints[:, place, HAND] - one.joints[:, place, HIPS], axis=1) for one in (before, after)
        ]
        np.testing.assert_allclose(*lengths, atol=1e-4)


def test_people_in_a_picture_stay_where_they_are() -> None:
    given = two(0)
    drawn = replace(given, frames=tuple(replace(frame, flat=True) for frame in given.frames))
    assert face_to_face(drawn) is drawn


def test_one_person_or_hidden_hands_stay_where_they_are() -> None:
    alone = simulate(PerformanceConfig(scripts=(script(("idle", 2.0)),)), 0)
    assert face_to_face(alone) is alone
    given = two(1)
    frames = tuple(
        replace(frame, people=tuple(replace(one, joints=one.joints * np.nan) for one in frame.people))
        for frame in given.frames
    )
    assert face_to_face(replace(given, frames=frames)) is not None


def test_real_handshakes_are_interactions_of_both() -> None:
    words = vocabulary.load("hri")
    shaking = [one for one in catalogue.load("nuisi", public("nuisi")) if one.label == "handshake"][:3]
    for one in shaking:
        named = in_vocabulary(one, "nuisi", words, pairs=True)
        assert named is not None
        assert {segment.label for segment in named.segments} == {"shake_hands"}
        clip = Clip.of(named)
        gap = np.linalg.norm(clip.joints[:, 0, HIPS] - clip.joints[:, 1, HIPS], axis=1)
        assert 0.6 < np.median(gap) < 1.5
        alone = in_vocabulary(one, "nuisi", words)
        assert alone is not None
        assert alone.label == "none"
