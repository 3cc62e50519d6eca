"""Topologies and the validity of joints."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from helpers.people import standing
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.skeleton import topology
from usdrl_model.skeleton.person import Person, canonical, canonical_people, judge
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX, PARENTS

JOINTS = 25


@pytest.mark.parametrize("name", topology.names())
def test_maps_commute_with_moving_the_sensor(name: str) -> None:
    source = topology.topology(name)
    rng = np.random.default_rng(0)
    joints = rng.normal(size=(len(source.joints), 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    moved = source.matrix @ (joints @ turn.T + 1.5)
    np.testing.assert_allclose(moved, (source.matrix @ joints) @ turn.T + 1.5, atol=1e-12)


def test_every_published_joint_set_is_there() -> None:
    sizes = {name: len(topology.topology(name).joints) for name in topology.names()}
    assert sizes == {
        "k4abt_32": 32, "zed_body_34": 34, "zed_body_38": 38, "openpose_coco_18": 18, "zed_body_18": 18,
        "hri_skeleton2d_18": 18, "openpose_body_25": 25, "coco_17": 17, "halpe_26": 26, "mediapipe_33": 33,
        "smpl_24": 24, "openni_nite_15": 15, "orbbec_astra_19": 19, "nuitrack_25slots": 25, "rep155_tf_links": 17,
        "cubemos_18": 18, "trt_pose_18plus_chest": 19, "kinect_v2_25": 25, "kinect_v1_20": 20,
        "msr_action3d_20": 20, "jhmdb_15": 15, "bandai_namco_21": 21, "lafan1_22": 22, "cmu_31": 31,
    }  # fmt: skip


def test_left_stays_left() -> None:
    for name in topology.names():
        source = topology.topology(name)
        for row, joint in enumerate(CANONICAL_JOINTS):
            used = [source.joints[column] for column in np.flatnonzero(source.matrix[row])]
            other = {"left": "right", "right": "left"}.get(joint.rsplit("_", 1)[-1])
            assert other is None or not any(part.endswith(other) for part in used), (name, joint, used)


def test_an_unknown_topology_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'coco_17'"):
        topology.topology("coco17")


def test_every_bone_chain_ends_at_the_root() -> None:
    for joint in range(JOINTS):
        for _ in range(JOINTS):
            joint = PARENTS[joint]
        assert CANONICAL_JOINTS[joint] == "spine_shoulder"


def test_a_clean_person_is_valid_throughout() -> None:
    joints, confidence = canonical(Person("1", standing()), topology.topology("kinect_v2_25"))
    np.testing.assert_allclose(joints, standing(), atol=1e-6)
    assert (confidence == 1.0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, 1e6])
def test_what_a_tracker_writes_for_missing_is_invalid(bad: float) -> None:
    person = standing()
    person[JOINT_INDEX["wrist_left"]] = bad
    joints, confidence = canonical(Person("1", person), topology.topology("kinect_v2_25"))
    assert confidence[JOINT_INDEX["wrist_left"]] == 0.0
    assert confidence.sum() == JOINTS - 1
    assert np.isfinite(joints).all()


def test_who_was_judged_is_not_judged_by_place_again() -> None:
    person = standing()
    person[JOINT_INDEX["wrist_left"]] = 0.0
    judged = judge(Person("1", person))
    away = replace(judged, joints=judged.joints - person[0])  # a spine base that is at the origin by chance
    assert judge(away) is away
    _, here = canonical(Person("1", person), topology.topology("kinect_v2_25"))
    _, there = canonical(away, topology.topology("kinect_v2_25"))
    np.testing.assert_array_equal(here, there)
    assert there.sum() == JOINTS - 1
    assert canonical(replace(away, judged=False), topology.topology("kinect_v2_25"))[1].sum() == JOINTS - 2


@pytest.mark.parametrize("place", [(40.0, 1.0, -25.0), (0.0, 0.0, 900.0), (-12_000.0, 3.0, 4000.0)])
@pytest.mark.parametrize("name", ["kinect_v2_25", "coco_17"])
def test_people_may_be_anywhere_in_a_map(name: str, place: tuple[float, float, float]) -> None:
    joint_set = topology.topology(name)
    person = np.random.default_rng(2).normal(scale=0.2, size=(len(joint_set.joints), 3)) + [0.0, 0.0, 2.0]
    person[3] = np.nan
    person[5] += [0.0, 5.0, 0.0]  # and what is not at the body is not of it, wherever that is
    here, sure = canonical(Person("1", person), joint_set)
    there, equally_sure = canonical(Person("1", person + place), joint_set)
    np.testing.assert_array_equal(equally_sure, sure)
    np.testing.assert_allclose(there[sure > 0.0], here[sure > 0.0] + place, atol=2e-3)


@pytest.mark.parametrize("times", [100.0, 1000.0])
@pytest.mark.parametrize("name", ["kinect_v2_25", "coco_17"])
def test_who_is_a_hundred_metres_tall_is_nobody(name: str, times: float) -> None:
    joint_set = topology.topology(name)
    person = np.random.default_rng(2).normal(scale=0.2, size=(len(joint_set.joints), 3)) + [0.0, 0.0, 2.0]
    assert (canonical(Person("1", person), joint_set)[1] > 0.0).sum() >= 20
    assert not canonical(Person("1", person * times), joint_set)[1].any()


def test_what_single_precision_cannot_hold_is_nowhere() -> None:
    kinect = topology.topology("kinect_v2_25")
    assert not canonical(Person("1", standing() + 2e5), kinect)[1].any()


@pytest.mark.parametrize("placeholder", [(0.0, 0.0, 1.0), (-1.0, -1.0, -1.0), (0.1, 0.0, 2.0)])
@pytest.mark.parametrize("unseen", [9, 14, JOINTS])
def test_a_place_that_many_joints_share_is_no_measurement(unseen: int, placeholder: tuple[float, ...]) -> None:
    person = standing()
    person[JOINTS - unseen :] = placeholder
    _, confidence = canonical(Person("1", person), topology.topology("kinect_v2_25"))
    np.testing.assert_array_equal(confidence > 0.0, np.arange(JOINTS) < JOINTS - unseen)


@pytest.mark.parametrize(
    ("name", "copied"),
    [("mediapipe_33", range(11)), ("coco_17", range(5)), ("kinect_v2_25", [6, 7, 21, 22])],  # faces, and a hand
)
def test_joints_that_a_tracker_copies_from_another_are_seen(name: str, copied: Sequence[int]) -> None:
    joint_set = topology.topology(name)
    joints = np.random.default_rng(2).normal(scale=0.2, size=(len(joint_set.joints), 3)) + [0.0, 0.0, 2.0]
    joints[list(copied)] = joints[copied[0]]
    np.testing.assert_array_equal(judge(Person("1", joints)).joints, joints)


def test_several_people_at_once_are_as_one_by_one() -> None:
    kinect, sure = topology.topology("kinect_v2_25"), np.linspace(0.0, 1.0, JOINTS)
    alike = [Person(str(one), standing() + [one, 0.0, 0.0], sure) for one in range(3)]
    others = [alike[0], Person("9", standing()), judge(alike[1])]
    for people in (alike, others, []):
        for (joints, confidence), person in zip(canonical_people(people, kinect), people, strict=True):
            np.testing.assert_array_equal(joints, canonical(person, kinect)[0])
            np.testing.assert_array_equal(confidence, canonical(person, kinect)[1])
    with pytest.raises(ValueError, match=r"person 8: expected joints of shape \(25, 3\)"):
        canonical_people([*alike, Person("8", standing()[:17])], kinect)


def test_low_confidence_and_impossible_bones_are_invalid() -> None:
    person, confidence = standing(), np.ones(JOINTS)
    confidence[JOINT_INDEX["knee_left"]] = 0.01
    confidence[JOINT_INDEX["knee_right"]] = np.nan
    person[JOINT_INDEX["hand_tip_left"]] += [1.5, 0.0, 0.0]
    _, got = canonical(Person("1", person, confidence), topology.topology("kinect_v2_25"))
    assert {CANONICAL_JOINTS[index] for index in np.flatnonzero(got == 0.0)} == {
        "knee_left",
        "knee_right",
        "hand_tip_left",
    }


def test_a_hand_a_metre_and_a_half_from_its_elbow_is_no_hand_though_no_wrist_is_seen() -> None:
    nuitrack = topology.topology("nuitrack_25slots")
    body = dict(zip(CANONICAL_JOINTS, standing(), strict=True))
    person = np.array([body.get(name, np.zeros(3)) for name in nuitrack.joints])
    for side in ("left", "right"):
        person[nuitrack.joints.index(f"wrist_{side}")] = 0.0
    person[nuitrack.joints.index("hand_left")] = body["elbow_left"] + [0.8, 0.3, -1.3]
    _, got = canonical(Person("1", person), nuitrack)
    assert (got[JOINT_INDEX["hand_left"]], got[JOINT_INDEX["thumb_left"]]) == (0.0, 0.0)
    assert got[JOINT_INDEX["hand_right"]] == 1.0 and got[JOINT_INDEX["elbow_left"]] == 1.0


def test_synthesised_joints_count_half_and_need_all_their_sources() -> None:
    coco = topology.topology("coco_17")
    joints = np.random.default_rng(1).normal(scale=0.1, size=(17, 3)) + [0.0, 0.0, 2.0]
    _, confidence = canonical(Person("1", joints), coco)
    assert confidence[JOINT_INDEX["wrist_left"]] == 1.0
    assert confidence[JOINT_INDEX["spine_base"]] == 0.5
    joints[coco.index("hip_left")] = np.nan
    _, confidence = canonical(Person("1", joints), coco)
    assert confidence[JOINT_INDEX["spine_base"]] == 0.0


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=75, max_size=75))
def test_whatever_comes_the_result_is_finite(values: list[float]) -> None:
    joints, confidence = canonical(Person("1", np.array(values).reshape(25, 3)), topology.topology("kinect_v2_25"))
    assert np.isfinite(joints).all()
    assert ((confidence >= 0.0) & (confidence <= 1.0)).all()


def test_a_wrong_joint_count_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected joints of shape \(25, 3\).*got \(20, 3\)"):
        canonical(Person("1", np.zeros((20, 3))), topology.topology("kinect_v2_25"))
