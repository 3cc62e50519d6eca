"""People as frames of tf: NiTE's joints one by one, REP-155's links, and trees that are late, stop, or have a loop."""

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from geometry_msgs.msg import TransformStamped  # noqa: E402
from helpers import stand_ins  # noqa: E402
from helpers.messages import several  # noqa: E402

from usdrl_model.skeleton.person import SEEN_JOINTS, Person, canonical  # noqa: E402
from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.gathering import Gathering  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import header  # noqa: E402

NITE, LINKS = topology("openni_nite_15"), topology("rep155_tf_links")


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    stand_ins.install(monkeypatch)


def transform(child, place, stamp=10.0, parent="openni_depth_frame", turn=(1.0, 0.0, 0.0, 0.0)):
    made = TransformStamped(header=header(stamp, parent), child_frame_id=child)
    made.transform.translation.x, made.transform.translation.y, made.transform.translation.z = map(float, place)
    made.transform.rotation.w, made.transform.rotation.x, made.transform.rotation.y, made.transform.rotation.z = turn
    return made


def tf(*transforms):
    from tf2_msgs.msg import TFMessage

    return TFMessage(transforms=list(transforms))


def nite(person="1", stamp=10.0, x=2.0):
    """One message a joint, each with a stamp of its own, as openni_tracker sends them."""
    for number, joint in enumerate(NITE.joints):
        part, _, side = joint.rpartition("_")
        spelt = f"{side}_{part}" if side in ("left", "right") else joint
        yield tf(transform(f"{spelt}_{person}", (x, 0.1 * number, 1.0), stamp + number * 1e-4))


def test_joints_one_by_one_are_a_frame_at_once_when_as_many_came_before():
    source = several("tf_frames", NITE)
    first = [source("/tf", message) for message in nite(stamp=10.0)]
    assert first.count(None) == 15, "of the first frame nobody knows how many joints follow"
    second = [source("/tf", message) for message in nite(stamp=10.033, x=2.5)]
    assert [one is not None for one in second] == [True] + [False] * 13 + [True], "the first is told now"
    frame = second[-1]
    (person,) = frame.frame.people
    assert (person.id, frame.frame_id) == ("1", "openni_depth_frame")
    assert frame.frame.stamp == pytest.approx(10.0344)
    np.testing.assert_allclose(person.joints, [(2.5, 0.1 * n, 1.0) for n in range(15)])


def test_somebody_who_comes_and_somebody_who_goes():
    source = several("tf_frames", NITE)
    seen, told = [], []
    for step in range(40):
        people = "12" if 3 <= step < 6 else "1"
        for one in people:
            found = [source("/tf", message) for message in nite(one, 10.0 + step / 30)]
            seen += [sorted(person.id for person in frame.frame.people) for frame in found if frame]
            told += [(step, frame.frame.stamp) for frame in found if frame]
    assert seen == [["1"]] * 4 + [["1", "2"]] * 2 + [["1"]] * 34
    late = [step for step, stamp in told if stamp < 10.0 + step / 30]
    assert late == [1, *range(7, 22)], "for half a second 2 may come back: a frame is told when the next one begins"


@pytest.mark.parametrize("pattern", ["10", "110", "100", "1111111110"])
@pytest.mark.parametrize("whole", [True, False], ids=["a message a person", "a message a joint"])
def test_who_is_missing_in_some_frames_is_in_all_the_others(pattern, whole):
    source, sent, seen = several("tf_frames", NITE), Counter(), Counter()
    for step in range(90):
        for one in "12" if pattern[step % len(pattern)] == "1" else "1":
            sent[one] += 1
            joints = [*nite(one, 10.0 + step / 30)]
            for message in [tf(*(one.transforms[0] for one in joints))] if whole else joints:
                if frame := source("/tf", message):
                    seen.update(person.id for person in frame.frame.people)
    assert seen["2"] == sent["2"] and seen["1"] >= sent["1"] - 1, "the last frame waits for the next one"


@pytest.mark.parametrize("frame_id", ["", "base_link"])
def test_the_links_of_a_robot_are_nobody(frame_id):
    """A robot's head_link and torso_link are named like joints of a person "link", and come between those of people."""
    source = several("tf_frames", NITE, frame_id=frame_id)
    people = [
        (10.0 + step / 30 + n * 1e-4, one) for step in range(9) for n, one in enumerate(nite(stamp=10 + step / 30))
    ]
    links = (("torso_link", (0, 0, 0.8), "base_link"), ("head_link", (0, 0, 0.4), "torso_link"))
    robot = [
        (at, tf(*(transform(link, place, at, parent) for link, place, parent in links)))
        for at in np.arange(9.995, 10.3, 0.02)
    ]
    mounted = tf(transform("openni_depth_frame", (0, 0, 0.1), 0.0, "head_link"))
    source("/tf_static", mounted)
    found = [source("/tf", message) for _, message in sorted(people + robot, key=lambda one: one[0])]
    frames = [one for one in found if one is not None]
    assert len(frames) == 9 and {one.frame_id for one in frames} == {frame_id or "openni_depth_frame"}
    for frame in frames:
        (person,) = frame.frame.people
        assert person.id == "1"
        height = 1.0 if not frame_id else 2.3
        np.testing.assert_allclose(person.joints, [(2.0, 0.1 * n, height) for n in range(15)])


@pytest.mark.parametrize("part_of_a_robot", ["link", "pitch_link", "yaw_joint", "frame"])
def test_a_humanoid_with_every_joint_of_a_person_is_nobody(part_of_a_robot):
    source = several("tf_frames", NITE)
    messages = [
        one
        for stamp in np.arange(10.0, 10.2, 1 / 30)
        for who in (part_of_a_robot, "1")
        for one in nite(who, stamp=stamp)
    ]
    frames = [one for message in messages if (one := source("/tf", message)) is not None]
    assert len(frames) > 3
    assert {person.id for one in frames for person in one.frame.people} == {"1"}


def test_people_whose_joints_hang_from_a_link_of_the_robot():
    source = several("tf_frames", NITE)
    for stamp in (10.0, 10.1):
        source("/tf", tf(transform("head_link", (0, 0, 1.2), stamp, "base_link")))
        joints = [transform(f"{joint}_1", (2, n, 0), stamp, "head_link") for n, joint in enumerate(NITE.joints)]
        frame = source("/tf", tf(*joints))
    assert frame.frame_id == "head_link" and [person.id for person in frame.frame.people] == ["1"]


def test_a_tree_that_is_late_stops_or_has_a_loop():
    odd = []
    coco = topology("coco_17")
    source = several("tf_frames", coco, frame_id="map", warn=lambda kind, text: odd.append(kind))

    def step(stamp):
        made = [transform(f"{joint}_ab", (1.0, n, 0.0), stamp, "camera") for n, joint in enumerate(coco.joints)]
        return source("/tf", tf(*made))

    source("/tf", tf(transform("base", (0, 0, 0), 9.9, "odom")))
    assert step(9.9) is None
    for stamp in (9.95, 10.0):
        with pytest.raises(InputError, match="expected transforms from nose_ab up to map, got none of camera") as error:
            step(stamp)
        assert error.value.kind == "no_path"
    source("/tf_static", tf(transform("camera", (0, 0, 1.5), 0.0, "mast")))
    source("/tf", tf(transform("mast", (5.0, 0, 0), 10.0, "map")))
    frame = step(10.05)
    np.testing.assert_allclose(frame.frame.people[0].joints[[0, 9]], [(6, 0, 1.5), (6, 9, 1.5)])
    assert frame.frame_id == "map" and not odd
    with pytest.raises(InputError) as error:  # the mast stops, the joints do not
        step(11.0)
    assert error.value.kind == "stale"
    source("/tf", tf(transform("mast", (5.0, 0, 0), 12.0, "camera")))
    with pytest.raises(InputError) as error:  # camera -> mast -> camera
        step(12.0)
    assert error.value.kind == "tf_loop"
    source("/tf", tf(transform("mast", (5.0, 0, 0), 12.1, "map")))
    assert step(12.1).frame.people, "and it goes on"


def test_a_loop_among_joints_leaves_the_others():
    odd, coco = [], topology("coco_17")
    source = several("tf_frames", coco, warn=lambda kind, text: odd.append(kind))
    for stamp in (10.0, 10.1):
        loop = [
            transform("nose_a", (0, 0, 0), stamp, "ear_left_a"),
            transform("ear_left_a", (0, 0, 0), stamp, "nose_a"),
        ]
        others = [transform(f"{joint}_a", (1, 2, 3), stamp, "camera") for joint in coco.joints[5:]]
        frame = source("/tf", tf(*loop, *others))
    (person,) = frame.frame.people
    seen = np.isfinite(person.joints[:, 0]).nonzero()[0].tolist()
    assert seen == list(range(5, 17)) and odd == ["tf_loop"] * 2


def test_transforms_that_are_none():
    odd = []
    source = several("tf_frames", NITE, warn=lambda kind, text: odd.append(kind))
    bad = []
    for one in (f"{joint}_1" for joint in NITE.joints[:8]):
        bad += [
            transform(one, (np.nan, 0, 0)),
            transform(one, (1, 0, 0), turn=(0.0, 0.0, 0.0, 0.0)),
            transform(one, (1, 0, 0), parent=one),
            transform(one, (1, 0, 0), parent=""),
        ]
    for message in (tf(*bad), tf(*bad)):
        assert source("/tf", message) is None
    assert odd == ["transform"] * 64


def test_other_names_of_frames():
    source = several("tf_frames", NITE, options={"pattern": "kinect/{joint}_{person}"})
    for stamp in (10.0, 10.1):
        others = [transform(f"kinect/{joint}_ann_7", (1, 2, 4), stamp) for joint in NITE.joints[6:]]
        found = source("/tf", tf(transform("/kinect/left_hand_ann_7", (1, 2, 3), stamp), *others))
    (person,) = found.frame.people
    assert person.id == "ann_7" and np.isfinite(person.joints[:, 0]).sum() == 10
    np.testing.assert_allclose(person.joints[NITE.joints.index("hand_left")], (1, 2, 3))
    with pytest.raises(ValueError, match=r"input.pattern: expected a text with \{joint\} and \{person\}"):
        several("tf_frames", NITE, options={"pattern": "{joint}"})


def body(one, stamp, x=2.0):
    """The links of one body, as robot_state_publisher and the tracker send them."""
    tree = {
        "waist": ("body", (0, 0, 0)), "torso": ("waist", (0, 0, 0.5)), "p_head": ("torso", (0, 0, 0.1)),
        "head": ("p_head", (0, 0, 0.15)),
        **{f"{side}_{part}": (f"{side}_{above}" if above[0] != "." else above[1:], place)
           for side, y in (("l", 0.2), ("r", -0.2))
           for part, above, place in (("shoulder", ".torso", (0, y, 0)), ("elbow", "shoulder", (0, 0, -0.3)),
                                      ("wrist", "elbow", (0, 0, -0.25)), ("hip", ".body", (0, y / 2, 0)),
                                      ("knee", "hip", (0, 0, -0.4)), ("ankle", "knee", (0, 0, -0.4)))},
    }  # fmt: skip
    yield tf(*[transform(f"{link}_{one}", place, stamp, f"{above}_{one}") for link, (above, place) in tree.items()])
    yield tf(transform(f"body_{one}", (x, 0, 1.0), stamp, "camera"))


def tracked(*ids, stamp=10.0):
    from hri_msgs.msg import IdsList

    return IdsList(header=header(stamp, "camera"), ids=list(ids))


def test_bodies_of_rep155_without_their_invented_joints():
    odd = []
    source = several("rep155_tf", LINKS, warn=lambda kind, text: odd.append(kind))
    assert source("/humans/bodies/tracked", tracked()).frame.people == ()
    assert source("/humans/bodies/tracked", tracked("xkcdf")).frame.people == () and odd == ["no_body"]
    for one, x in (("xkcdf", 2.0), ("lmnop", 3.0)):
        for message in body(one, 10.1, x):
            assert source("/tf", message) is None
    frame = source("/humans/bodies/tracked", tracked("xkcdf", "lmnop", stamp=10.2))
    assert ([one.id for one in frame.frame.people], frame.frame_id) == (["xkcdf", "lmnop"], "camera")
    assert frame.frame.stamp == pytest.approx(10.1), "where people were, not when they were listed"
    joints = dict(zip(LINKS.joints, frame.frame.people[1].joints, strict=True))
    np.testing.assert_allclose(joints["l_wrist"], (3.0, 0.2, 0.95))
    invented = {"waist", "p_head", "head", "l_elbow", "r_elbow", "l_knee", "r_knee"}
    assert {name for name, place in joints.items() if np.isnan(place).any()} == invented
    turned = Person("x", frame.frame.people[1].joints[:, [1, 2, 0]])
    assert (canonical(turned, LINKS)[1] > 0).sum() >= SEEN_JOINTS, "enough is left to be used"
    believing = several("rep155_tf", LINKS, options={"all_links": True})
    for message in body("xkcdf", 10.1):
        believing("/tf", message)
    (person,) = believing("/humans/bodies/tracked", tracked("xkcdf")).frame.people
    assert np.isfinite(person.joints).all()


def test_links_of_rep155_that_stop():
    source = several("rep155_tf", LINKS)
    for one, stamp in (("aaaaa", 10.0), ("bbbbb", 11.0)):
        for message in body(one, stamp):
            source("/tf", message)
    (person,) = source("/humans/bodies/tracked", tracked("aaaaa", "bbbbb", stamp=11.0)).frame.people
    assert person.id == "bbbbb"


def test_a_frame_is_gathered_from_its_parts():
    gathering: Gathering[int] = Gathering(0.01)
    gathering.add(1.0, {"a": 1})
    assert not gathering.complete and gathering.take() == {"a": 1} and gathering.take() == {}
    gathering.add(1.001, {"b": 2})
    assert not gathering.begins(1.005, ["c"]) and gathering.begins(1.005, ["a"]) and gathering.begins(1.5, ["c"])
    assert gathering.begins(0.5, ["c"]), "a bag loops"
    gathering.add(2.0, {"a": 1})
    assert not gathering.complete
    gathering.add(2.0, {"b": 3})
    assert gathering.complete and gathering.take() == {"a": 1, "b": 3}


def test_a_step_takes_the_frame_that_its_parts_complete_or_end():
    gathering: Gathering[int] = Gathering(0.01)
    assert gathering.step(1.0, {"a": 1}) == {} and gathering.step(1.0, {"b": 2}) == {}
    assert gathering.step(2.0, {"a": 3}) == {"a": 1, "b": 2}, "the next frame ends it"
    assert gathering.step(2.0, {"b": 4}) == {"a": 3, "b": 4}, "as many parts as before complete it"
    assert gathering.step(3.0, {"a": 5}, expected=["a"]) == {"a": 5}
    assert gathering.step(3.0, {"b": 6}, expected=["a", "b"]) == {}, "a frame is taken once"
    assert gathering.step(4.0, {"a": 7}, expected=["a", "b"]) == {}
    assert gathering.step(5.0, {"a": 8}, expected=["a", "b"]) == {"a": 7}


def test_while_stamps_stand_only_the_frame_before_is_remembered():
    gathering: Gathering[int] = Gathering(0.01)
    for step in range(1000):
        gathering.step(5.0, {f"p{step}": step})
        gathering.step(5.0, {"x": step})
    assert gathering.step(5.0, {"p999": 1000}) == {"x": 999, "p999": 1000}, "nobody waits for the others"


def test_who_was_heard_recently_belongs_to_a_frame_and_who_went_long_ago_does_not():
    gathering: Gathering[int] = Gathering(0.01)
    told = []
    for step in range(40):
        keys = "ab" if step in (0, 1, 3, 5) else "a"
        for key in keys:
            if taken := gathering.step(0.1 * step, {key: step}):
                told.append((step, "".join(taken)))
    assert told[:6] == [(1, "ab"), (1, "ab"), (3, "a"), (3, "ab"), (5, "a"), (5, "ab")]
    assert told[6:] == [*((step, "a") for step in range(7, 40))]
    assert gathering.step(0.0, {"a": 0}) == {"a": 0}, "in a bag that loops nobody waits for those of its end"
