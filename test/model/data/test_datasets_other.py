"""NuiSI, J-HMDB 2D and NW-UCLA, and pickles of others."""

import io
import json
import os
import pickle
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import public

from usdrl_model.data import catalogue, protocols
from usdrl_model.data.importers import jhmdb2d, nuisi, nw_ucla, safe_pickle
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology

RNG = np.random.default_rng(1)


def official(name: str) -> list[Recording]:
    return list(catalogue.load(name, public(name)))


def part_sizes(dataset: str, protocol: str, clips: list[Recording]) -> tuple[int, int]:
    rule = protocols.PROTOCOLS[dataset][protocol]
    return tuple(sum(rule.part(clip) == part for clip in clips) for part in ("train", "test"))


def test_nuisi() -> None:
    clips = official("nuisi")
    kinds = Counter(clip.tags["kind"] for clip in clips)
    assert kinds == {"labelled": 114, "v1": 18, "v2": 4}
    labelled = [clip for clip in clips if clip.tags["kind"] == "labelled"]
    assert sum(len(clip.frames) for clip in labelled) == 3_297
    assert part_sizes("nuisi", "official", clips) == (90, 24)
    assert Counter(clip.label for clip in labelled) == dict.fromkeys(nuisi.LABELS, 19)
    by_name = {clip.name: clip for clip in clips}
    empty = [sum(not frame.people for frame in clip.frames) for clip in clips if clip.tags["kind"] == "v2"]
    assert sorted(empty) == [2, 9, 35, 53]
    rocket = by_name["v2_Rocket_p1"]
    assert (len(rocket.frames), len(rocket.segments)) == (2_552, 12)
    assert rocket.segments[0].end == rocket.frames[310].stamp
    for name in ("v2_Rocket_p1", "v1_clap1_agent1", "train_000"):
        joints = by_name[name].frames[-1].people[0].joints
        at = {joint: joints[topology("nuitrack_25slots").index(joint)] for joint in nuisi.TEN}
        assert at["head"][1] > at["torso"][1] > at["waist"][1]
        assert at["shoulder_left"][0] < at["shoulder_right"][0]  # they face the sensor


def test_clips_of_nuisi_last_as_long_as_the_rows_that_they_were_cut_from() -> None:
    clips = official("nuisi")
    hands = {clip.name: (hand_to_head(clip), [frame.stamp for frame in clip.frames]) for clip in clips}
    for clip in clips:
        if clip.tags["kind"] == "labelled" and clip.tags["part"] == "test":
            wanted, played = hands[clip.name]
            found = [
                stamps[begin + len(wanted) - 1] - stamps[begin]
                for name, (distances, stamps) in hands.items()
                if name.startswith("v1") and name.endswith("agent1")
                for begin in np.flatnonzero(differences(distances, wanted) < 1e-5)
            ]
            assert found == [pytest.approx(played[-1] - played[0], rel=0.15)], clip.name


def differences(course: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The largest difference of ``part`` to each stretch of ``course`` that is as long."""
    return np.abs(np.lib.stride_tricks.sliding_window_view(course, len(part)) - part).max(axis=1)


def hand_to_head(clip: Recording) -> np.ndarray:
    """(T,) metres between them of the first person: the same in all axes."""
    hand, head = (topology(clip.topology).index(joint) for joint in ("hand_right", "head"))
    joints = np.array([frame.people[0].joints for frame in clip.frames if frame.people])
    return np.linalg.norm(joints[:, hand] - joints[:, head], axis=1)


def test_jhmdb2d() -> None:
    clips = official("jhmdb2d")
    assert (len(clips), sum(len(clip.frames) for clip in clips)) == (609, 21_126)
    assert len({clip.label for clip in clips}) == 14
    assert [part_sizes("jhmdb2d", f"split_{n}", clips) for n in (1, 2, 3)] == [(433, 176), (433, 176), (434, 175)]
    heads = [frame.people[0].joints[2, 1] - frame.people[0].joints[1, 1] for clip in clips for frame in clip.frames[:1]]
    assert 0.5 < float(np.median(heads)) < 1.0  # the face is above the belly


def test_a_joint_that_jhmdb_did_not_find_has_no_place(tmp_path: Path) -> None:
    pose = RNG.normal(size=(4, 15, 2))
    pose[1, 3], pose[2] = 0.0, 0.0
    (clip,) = jhmdb2d.load(write_pickle(tmp_path, {"pose": [pose], "label": ["run"]}))
    assert [len(frame.people) for frame in clip.frames] == [1, 1, 0, 1]
    assert np.flatnonzero(np.isnan(clip.frames[1].people[0].joints).any(axis=1)).tolist() == [3]
    assert clip.flat


def write_pickle(folder: Path, content: object) -> Path:
    (folder / "GT_train_1.pkl").write_bytes(pickle.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "expected a dictionary"),
        ({"pose": [np.zeros((4, 15, 2))], "label": []}, "1 poses, but 0 labels"),
        ({"pose": [np.zeros((4, 14, 2))], "label": ["run"]}, r"got \(4, 14, 2\)"),
        ({"pose": [io.BytesIO()], "label": ["run"]}, "BytesIO, which data has no need of"),
    ],
)
def test_malformed_jhmdb2d(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(jhmdb2d.load(write_pickle(tmp_path, content)))


def test_old_and_new_pickles_of_plain_data_are_read() -> None:
    content = {"a": [np.arange(3), np.float32(2.5), "text", b"bytes", (1, None)]}
    for protocol in range(6):
        back = safe_pickle.load(io.BytesIO(pickle.dumps(content, protocol=protocol)), "x")
        np.testing.assert_array_equal(back["a"][0], np.arange(3))
        assert back["a"][1:] == content["a"][1:]


def time_of_ros(*state: int) -> bytes:
    """A pickle of protocol 2 as rospy writes it: an object, then its state, a list of 32-bit numbers."""
    numbers = b"".join(b"J" + part.to_bytes(4, "little") for part in state)
    return b"\x80\x02crospy.rostime\nTime\n)\x81](" + numbers + b"eb."


def test_times_of_ros_are_exact_numbers() -> None:
    assert safe_pickle.load(io.BytesIO(time_of_ros(1656508537, 848842220)), "x") == 1656508537 + Fraction(
        848842220, 10**9
    )
    for state in ((), (1,), (1, 2, 3)):
        with pytest.raises(ValueError, match="refused.*seconds and nanoseconds"):
            safe_pickle.load(io.BytesIO(time_of_ros(*state)), "x")


def test_numbers_with_an_imaginary_part_are_no_data() -> None:
    with pytest.raises(ValueError, match="asks for an array of 'c16': expected numbers and texts"):
        safe_pickle.load(io.BytesIO(pickle.dumps(np.ones(3, complex))), "x")


@pytest.mark.parametrize("evil", [eval, os.system, print, getattr, Path, np.load, safe_pickle.load])
def test_nothing_can_be_named_in_a_pickle(evil: object) -> None:
    with pytest.raises(ValueError, match="refused"):
        safe_pickle.load(io.BytesIO(pickle.dumps([evil])), "x")


def test_object_arrays_go_through_the_same_gate() -> None:
    def saved(array: np.ndarray) -> bytes:
        file = io.BytesIO()
        np.save(file, array, allow_pickle=True)
        return file.getvalue()

    plain = np.empty(2, object)
    plain[:] = [np.zeros((2, 3)), np.ones((1, 3))]
    assert safe_pickle.load_array(saved(plain), "x")[1].shape == (1, 3)
    np.testing.assert_array_equal(safe_pickle.load_array(saved(np.arange(4)), "x"), np.arange(4))
    plain[0] = os.system
    with pytest.raises(ValueError, match="refused"):
        safe_pickle.load_array(saved(plain), "x")
    for damaged in (b"", saved(np.arange(99))[:200], saved(plain)[:140]):
        with pytest.raises(ValueError, match="damaged|refused"):
            safe_pickle.load_array(damaged, "x")


def test_damaged_nuisi(tmp_path: Path) -> None:
    (tmp_path / "labelled_sequences.npz").write_bytes(b"PK\x03\x04 half")
    with pytest.raises(ValueError, match=r"labelled_sequences\.npz: damaged"):
        list(nuisi.load(tmp_path))
    (tmp_path / "labelled_sequences.npz").unlink()
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2" / "Rocket_p1.txt").write_text("0,1693077907064,0\n1,1693077907097,25,0,0\n")
    with pytest.raises(ValueError, match=r"Rocket_p1\.txt row 2 line 1: expected 203 numbers, got 5"):
        list(nuisi.load(tmp_path))


def ucla(folder: Path, content: object, name: str = "a08_s02_e01_v03") -> Path:
    (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_nw_ucla(tmp_path: Path) -> None:
    joints = RNG.normal(size=(7, 20, 3))
    (clip,) = nw_ucla.load(ucla(tmp_path, {"file_name": "a08_s02_e01_v03", "skeletons": joints.tolist(), "label": 7}))
    assert (clip.label, clip.subject, clip.tags["camera"]) == ("don", "02", "3")
    np.testing.assert_array_equal(clip.frames[6].people[0].joints, joints[6])
    rule = protocols.PROTOCOLS["nw_ucla"]["cross_view"]
    assert rule.part(clip) == "test"


def test_file_names_in_upper_case(tmp_path: Path) -> None:
    (tmp_path / "A08_S02_E01_V03.JSON").write_text(json.dumps({"skeletons": RNG.normal(size=(7, 20, 3)).tolist()}))
    (clip,) = nw_ucla.load(tmp_path)
    assert clip.name == "a08_s02_e01_v03"
    pose = {"pose": [RNG.normal(size=(4, 15, 2))], "label": ["run"]}
    (tmp_path / "GT_TRAIN_1.PKL").write_bytes(pickle.dumps(pose))
    (clip,) = jhmdb2d.load(tmp_path)
    assert part_sizes("jhmdb2d", "split_1", [clip]) == (1, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"skeletons": [[[0, 0, 0]] * 19]}, r"got \(1, 19, 3\)"),
        ({"joints": []}, "expected an object with 'skeletons'"),
        ({"skeletons": [[1], [1, 2]]}, "expected an object with 'skeletons'"),
        ([], "expected an object with 'skeletons'"),
        ({"skeletons": [[[10**400, 0, 0]] * 20]}, "expected an object with 'skeletons'"),
    ],
)
def test_malformed_nw_ucla(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(nw_ucla.load(ucla(tmp_path, content)))
    with pytest.raises(ValueError, match="expected one of the actions"):
        list(nw_ucla.load(ucla(tmp_path, content, "a07_s01_e01_v01")))
