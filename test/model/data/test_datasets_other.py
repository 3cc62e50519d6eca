"""NuiSI, J-HMDB 2D, NW-UCLA and own recordings."""

import io
import json
import os
import pickle
import zipfile
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers.paths import public

from usdrl_model.data import catalogue, protocols
from usdrl_model.data.importers import jhmdb2d, nuisi, nw_ucla, own, safe_pickle
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"skeletons": [[[0, 0, 0]] * 19]}, r"got \(1, 19, 3\)"),
        ({"joints": []}, "expected an object with 'skeletons'"),
        ({"skeletons": [[1], [1, 2]]}, "expected an object with 'skeletons'"),
        ([], "expected an object with 'skeletons'"),
    ],
)
def test_malformed_nw_ucla(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(nw_ucla.load(ucla(tmp_path, content)))
    with pytest.raises(ValueError, match="expected one of the actions"):
        list(nw_ucla.load(ucla(tmp_path, content, "a07_s01_e01_v01")))


def mine(folder: Path, name: str = "wave_01", **change: object) -> Path:
    content = {
        "joints": RNG.normal(size=(6, 2, 17, 3)),
        "rate": 20.0,
        "topology": "coco_17",
        "subject": "anna",
    } | change
    np.savez(folder / f"{name}.npz", **{key: value for key, value in content.items() if value is not None})
    return folder


def test_own_recordings(tmp_path: Path) -> None:
    joints = RNG.normal(size=(6, 2, 17, 3))
    joints[3:, 1] = np.nan  # the second person leaves
    labels = np.array(["none", "wave", "wave", "", "kick", "kick"])
    segments = np.array([["bob", "hug", "1.0", "1.1"]])
    confidence = RNG.uniform(size=(6, 2, 17))
    mine(tmp_path, joints=joints, labels=labels, ids=["anna", "bob"], segments=segments, confidence=confidence)
    (recording,) = own.load(tmp_path)
    assert (recording.name, recording.subject, recording.label) == ("wave_01", "anna", None)
    assert [len(frame.people) for frame in recording.frames] == [2, 2, 2, 1, 1, 1]
    np.testing.assert_array_equal(recording.frames[1].people[1].confidence, confidence[1, 1])
    found = [(s.person, s.label, round(s.start, 6), round(s.end, 6)) for s in recording.segments]
    assert found == [("anna", "wave", 1.05, 1.1), ("anna", "kick", 1.2, 1.25), ("bob", "hug", 1.0, 1.1)]
    assert recording.labels == ("wave", "kick", "hug")


def test_own_recordings_with_stamps_and_a_clip_label(tmp_path: Path) -> None:
    stamps = np.array([5.0, 5.1, 5.3, 5.4, 5.5, 5.7])
    mine(tmp_path, rate=None, stamps=stamps, clip_label="wave")
    (recording,) = own.load(tmp_path)
    assert [frame.stamp for frame in recording.frames] == stamps.tolist()
    assert (recording.label, recording.labels) == ("wave", ("wave",))


def test_own_stamps_as_times_since_the_start(tmp_path: Path) -> None:
    mine(tmp_path, rate=None, stamps=np.arange(6) * np.timedelta64(33, "ms"), clip_label="none", subject="")
    (recording,) = own.load(tmp_path)
    np.testing.assert_allclose([frame.stamp for frame in recording.frames], np.arange(6) * 0.033)
    assert (recording.label, recording.labels, recording.subject) == (None, (), None)


@pytest.mark.parametrize("name", ["wave_01.npz", "WAVE_01.NPZ"])
def test_one_own_recording_by_its_path_and_endings_in_capitals(tmp_path: Path, name: str) -> None:
    (mine(tmp_path) / "wave_01.npz").rename(tmp_path / name)
    for path in (tmp_path, tmp_path / name):
        assert [recording.name for recording in own.load(path)] == [name[:-4]]


@pytest.mark.parametrize("units", ["cm", "mm"])
def test_own_recordings_in_other_units_mirrored_with_joints_of_their_own(tmp_path: Path, units: str) -> None:
    joints, confidence = RNG.normal(size=(6, 2, 17, 3)), RNG.uniform(size=(6, 2, 17))
    order = topology("coco_17").order(mirrored=True)
    entry = yaml.safe_load((resources.files("usdrl_model.skeleton") / "topologies.yaml").read_text())["coco_17"]
    (tmp_path / "files" / "sub").mkdir(parents=True)
    (tmp_path / "files" / "mine.yaml").write_text(yaml.safe_dump(entry))
    mine(
        tmp_path / "files" / "sub",
        joints=joints[:, :, order] * {"cm": 100.0, "mm": 1000.0}[units],
        confidence=confidence[:, :, order],
        units=units,
        mirrored=True,
        topology="mine.yaml",
    )
    (recording,) = own.load(tmp_path / "files")
    assert recording.topology == str(tmp_path / "files" / "mine.yaml")
    for t, frame in enumerate(recording.frames):
        for m, person in enumerate(frame.people):
            np.testing.assert_allclose(person.joints, joints[t, m])
            np.testing.assert_array_equal(person.confidence, confidence[t, m])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": "inch"}, "units: expected one of m, cm, mm, got 'inch'"),
        ({"mirrored": "yes"}, "mirrored: expected True or False"),
        ({"topology": "mine.yaml"}, "mine.yaml: cannot be read"),
        ({"topology": "coco17"}, "did you mean 'coco_17'"),
        ({"joints": np.zeros((6, 17, 3))}, r"joints: expected \(T, M, 17, 3\) for coco_17, got \(6, 17, 3\)"),
        ({"rate": None}, "either rate"),
        ({"stamps": np.arange(6)}, "either rate"),
        ({"rate": None, "stamps": np.zeros(6)}, "expected rising seconds, got 0.000000 at frame 1"),
        ({"rate": 0}, "more than 0 Hz"),
        ({"rate": None, "stamps": np.arange(6)}, "numbers of frames"),
        ({"rate": None, "stamps": np.arange(6) * np.timedelta64(1, "D")}, "got 86400 from frame to frame$"),
        (
            {"segments": np.array([["1", "hug", "0.1", "0.5"]])},
            "row 0 is from 0.1 to 0.5, the recording from 1 to 1.25",
        ),
        ({"labels": np.array([b"w\xe9"] * 6)}, "labels: expected texts, or bytes in UTF-8"),
        ({"label": "x"}, "unknown entry 'label'; did you mean 'labels'"),
        ({"labels": np.array(["a"] * 5)}, r"labels: expected texts \(6,\)"),
        ({"segments": np.array([["3", "hug", "1", "2"]])}, "expected one of"),
        ({"segments": np.array([["1", "hug", "2", "1"]])}, "an end after the start"),
        ({"ids": np.array(["a", "a"])}, "2 different texts"),
        ({"confidence": np.zeros((6, 2, 3))}, r"confidence: expected \(6, 2, 17\)"),
        ({"joints": None}, "lacks joints"),
        ({"labels": np.array([print] * 6, object)}, "objects instead of numbers"),
    ],
)
def test_malformed_own_recordings(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        list(own.load(mine(tmp_path, **change)))
    assert "wave_01.npz" in str(caught.value)


def test_truncated_own_recordings(tmp_path: Path) -> None:
    file = mine(tmp_path) / "wave_01.npz"
    content = file.read_bytes()
    for damaged in (b"", content[: len(content) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"wave_01\.npz: damaged"):
            list(own.load(tmp_path))


def test_own_recordings_in_an_archive(tmp_path: Path) -> None:
    mine(tmp_path)
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.write(tmp_path / "wave_01.npz", "day1/wave_02.npz")
    assert [recording.name for recording in own.load(tmp_path)] == ["wave_01", "day1/wave_02"]


@pytest.mark.parametrize(
    ("change", "rate"),
    [({"rate": [30.0]}, 30.0), ({"rate": np.array([[30]])}, 30.0), ({"topology": ["coco_17"], "rate": 25}, 25.0)],
)
def test_one_value_may_be_an_array_of_one(tmp_path: Path, change: dict, rate: float) -> None:
    (recording,) = own.load(mine(tmp_path, **change))
    assert recording.frames[1].stamp - recording.frames[0].stamp == pytest.approx(1 / rate)


def test_texts_that_are_empty_or_were_saved_as_bytes(tmp_path: Path) -> None:
    labels = np.array([b"none", "kniend\u00e4".encode(), b"", b"", b"", b""])
    mine(tmp_path, clip_label="", subject="", ids=np.array([b"anna", b"bob"]), labels=labels, topology=b"coco_17")
    (recording,) = own.load(tmp_path)
    assert (recording.label, recording.subject) == (None, None)
    assert recording.labels == ("kniend\u00e4",)
    assert [person.id for person in recording.frames[0].people] == ["anna", "bob"]


SECONDS = 1.7e9 + np.arange(6) / 30


@pytest.mark.parametrize(("kind", "unit"), [("datetime64[ns]", 1e9), ("datetime64[us]", 1e6)])
def test_stamps_as_dates(tmp_path: Path, kind: str, unit: float) -> None:
    stamps = (SECONDS * unit).astype(np.int64).astype(kind)
    (recording,) = own.load(mine(tmp_path, rate=None, stamps=stamps))
    np.testing.assert_allclose([frame.stamp for frame in recording.frames], SECONDS, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stamps": np.arange(6) * 33_333_333}, r"nanoseconds\? divide by 1e\+09"),
        ({"stamps": np.arange(6) * 33_333}, r"33333 from frame to frame: microseconds\? divide by 1e\+06"),
        ({"stamps": np.arange(6) * 33.3}, r"33\.3 from frame to frame: milliseconds\? divide by 1000"),
        ({"stamps": np.arange(6) * 8.33}, "milliseconds"),
        ({"stamps": [0.0, 0.1, 0.2, 0.2, 0.4, 0.5]}, r"got 0\.200000 at frame 3 after 0\.200000"),
        ({"stamps": [0.0, 0.1, 0.2, 0.1, 0.4, 0.5]}, r"got 0\.100000 at frame 3 after 0\.200000"),
        ({"stamps": [0.0, 0.1, np.nan, 0.3, 0.4, 0.5]}, "got nan at frame 2"),
        ({"stamps": SECONDS.astype(np.float32)}, "float32 cannot tell them apart"),
        ({"stamps": np.array(["NaT"] * 6, "datetime64[s]")}, "not a time at frame 0"),
        ({"stamps": np.array(["1"] * 6)}, "expected numbers, got <U1"),
    ],
)
def test_stamps_that_are_no_seconds(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=rf"wave_01\.npz: stamps: .*({message})"):
        list(own.load(mine(tmp_path, rate=None, **change)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": [30.0, 30.0]}, r"rate: expected one value, got \(2,\)"),
        ({"rate": 0.0333}, r"rate: .* got 0\.0333: it is frames a second; 1 / 0\.0333 is 30"),
        ({"rate": np.inf}, "rate: expected"),
        ({"rate": "30"}, "rate: expected numbers"),
        ({"confidence": np.full((6, 2, 17), 97.0)}, r"confidence: expected 0 to 1, got 97 to 97: divide by 100"),
        ({"confidence": np.full((6, 2, 17), 255, np.uint8)}, "divide by 255"),
        ({"confidence": np.full((6, 2, 17), -1.0)}, "confidence: expected 0 to 1, got -1 to -1"),
        ({"segments": np.array([["1", "hug", "nan", "2"]])}, "seconds, and an end after the start in row 0"),
        ({"segments": np.array([["1", "hug", "1", "inf"]])}, "in row 0"),
        ({"segments": np.array([["1", "hug", "1", "2"], ["1", "hug", "soon", "2"]])}, "in row 1"),
        ({"segments": np.array(["1", "hug", "1", "2"])}, r"segments: expected rows .*got \(4,\)"),
        ({"joints": np.full((6, 2, 17, 3), "1")}, "joints: expected numbers"),
        ({"ids": np.array(["a", "b", "b"])}, "2 different texts"),
    ],
)
def test_entries_that_mean_something_else(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=rf"wave_01(\.npz)?: .*({message})"):
        list(own.load(mine(tmp_path, **change)))


def test_empty_segments_are_none(tmp_path: Path) -> None:
    (recording,) = own.load(mine(tmp_path, segments=np.zeros((0, 4), "<U1"), confidence=np.full((6, 2, 17), np.nan)))
    assert recording.segments == ()
