"""The store: what goes in comes out, whole, and nothing half-written or damaged is taken for a set."""

import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.comings_and_goings import person, recording

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import pack, write_set
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical, canonical_frames, judge
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import names, topology

RNG = np.random.default_rng(3)


def same(one: Recording, other: Recording, tolerance: float) -> None:
    assert (one.name, one.topology, one.segments, one.labels, one.subject, one.label, dict(one.tags)) == (
        other.name, other.topology, other.segments, other.labels, other.subject, other.label, dict(other.tags),
    )  # fmt: skip
    assert [frame.stamp for frame in one.frames] == [frame.stamp for frame in other.frames]
    for mine, theirs in zip(one.frames, other.frames, strict=True):
        assert [person.id for person in mine.people] == [person.id for person in theirs.people]
        for left, right in zip(mine.people, theirs.people, strict=True):
            np.testing.assert_allclose(left.joints, right.joints, atol=tolerance)
            assert (left.confidence is None) == (right.confidence is None)
            if left.confidence is not None:
                np.testing.assert_allclose(left.confidence, right.confidence, atol=1 / 500)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 0.0), ("float32", 1e-6), ("float16", 1e-3)])
def test_recordings_come_back_as_they_were(tmp_path: Path, dtype: str, tolerance: float) -> None:
    sure = (SkeletonFrame(2.0, (person("9", "coco_17", confidence=True),)), SkeletonFrame(2.5))
    source = [
        recording(segments=(Segment("b", "kick", 1.05, 1.1),), tags={"camera": "2"}),
        Recording("sure", "coco_17", sure, labels=("wave", "kick")),
        Recording("nobody", "coco_17", (SkeletonFrame(1.0),)),
        Recording("nothing", "coco_17", ()),
    ]
    totals = write_set(tmp_path, "mine", iter(source), dtype=dtype)
    assert (totals.clips, totals.frames, totals.rows) == (4, 7, 6)
    store = Store.open(tmp_path)
    store.verify()
    assert (len(store), store.sets, store.labels) == (4, ("mine",), ("wave", "kick"))
    for one, other in zip(store.recordings(), source, strict=True):
        same(
            one, Recording(**{f: getattr(other, f) for f in other.__slots__} | {"labels": ("wave", "kick")}), tolerance
        )


def test_clips_are_canonical_and_ragged(tmp_path: Path) -> None:
    source = recording(label=None, segments=(Segment("b", "kick", 1.05, 1.1),))
    write_set(tmp_path, "mine", [source])
    (clip,) = Store.open(tmp_path / "mine")
    assert clip.joints.shape == (4, 2, 25, 3)
    assert clip.people == ("a", "b")
    assert clip.mask.any(axis=2).tolist() == [[True, True], [False, False], [False, True], [True, True]]
    wanted, sure = canonical(source.frames[2].people[0], topology("kinect_v1_20"))
    np.testing.assert_allclose(clip.joints[2, 1], wanted, atol=1e-6)
    np.testing.assert_array_equal(clip.confidence[2, 1], sure)
    assert clip.rate == pytest.approx(1 / 0.03)
    assert (clip.label, clip.segments) == (None, source.segments)


@pytest.mark.parametrize("mark", ["flat", "lifted"])
def test_joints_that_were_found_in_a_picture_stay_so(mark: str, tmp_path: Path) -> None:
    source = recording()
    frames = tuple(dataclasses.replace(frame, **{mark: True}) for frame in source.frames)
    write_set(tmp_path, "mine", [dataclasses.replace(source, name="pictures", frames=frames), source])
    pack(Store.open(tmp_path), tmp_path / "mine.usdrl")
    for store in (Store.open(tmp_path / "mine"), Store.open(tmp_path / "mine.usdrl")):
        assert [getattr(store.describe(index), mark) for index in (0, 1)] == [True, False]
        assert [(getattr(clip, mark), clip.coarse) for clip in store] == [(True, True), (False, False)]
        assert [{getattr(frame, mark) for frame in one.frames} for one in store.recordings()] == [{True}, {False}]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_people_who_were_judged_stay_valid_anywhere(dtype: str, tmp_path: Path) -> None:
    source = recording()
    far = tuple(
        dataclasses.replace(
            frame,
            people=tuple(
                dataclasses.replace(judge(one), joints=judge(one).joints + [35.0, 0.0, 0.0]) for one in frame.people
            ),
        )
        for frame in source.frames
    )
    mixed = (source.frames[0], *far[1:])
    recordings = [
        dataclasses.replace(source, name=name, frames=frames) for name, frames in (("far", far), ("mixed", mixed))
    ]
    write_set(tmp_path, "mine", [*recordings, source], dtype=dtype)
    store = Store.open(tmp_path)
    for clip, wanted in zip(store, recordings, strict=False):
        np.testing.assert_array_equal(clip.mask, Clip.of(wanted).mask)
        assert clip.mask[2, 1].sum() > 20
    people = [{one.judged for frame in found.frames for one in frame.people} for found in store.recordings()]
    assert people == [{True}, {True}, {False}]


def test_where_the_sensor_was_is_kept(tmp_path: Path) -> None:
    source, place = recording(), (0.1, 1.2, -0.3)
    frames = tuple(dataclasses.replace(frame, sensor=place) for frame in source.frames)
    write_set(tmp_path, "mine", [dataclasses.replace(source, name="raised", frames=frames), source])
    pack(Store.open(tmp_path), tmp_path / "mine.usdrl")
    for store in (Store.open(tmp_path / "mine"), Store.open(tmp_path / "mine.usdrl")):
        store.verify()
        assert [{frame.sensor for frame in one.frames} for one in store.recordings()] == [{place}, {(0.0, 0.0, 0.0)}]


def test_a_set_without_pictures_has_the_hash_that_it_had(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording()])
    (clip,) = json.loads((tmp_path / "mine" / "index.json").read_text())["clips"]
    assert not {"flat", "lifted", "judged", "sensor"} & set(clip)


@pytest.mark.parametrize("name", names())
def test_many_frames_at_once_equal_one_at_a_time(name: str) -> None:
    source = topology(name)
    joints = RNG.normal(0.0, 0.4, (40, len(source.joints), 3))
    confidence = RNG.uniform(0.0, 0.6, joints.shape[:2])
    broken = RNG.uniform(size=joints.shape[:2])
    joints[broken < 0.05] = np.nan
    joints[(broken > 0.05) & (broken < 0.1)] = 0.0
    joints[(broken > 0.1) & (broken < 0.12)] = 1e3
    confidence[broken > 0.97] = np.nan
    for sure in (None, confidence):
        together, believed = canonical_frames(joints, sure, source)
        for index, one in enumerate(joints):
            alone, weight = canonical(Person("1", one, None if sure is None else sure[index]), source)
            np.testing.assert_allclose(together[index], alone, atol=1e-5)
            np.testing.assert_allclose(believed[index], weight, atol=1e-6)


def test_the_memory_map_is_plain_numpy(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording()])
    joints = np.load(tmp_path / "mine" / "joints.npy", allow_pickle=False)
    assert joints.shape == (5 * 20 * 3,)
    assert isinstance(Store.open(tmp_path)._parts[0].arrays["joints"], np.memmap)


def test_selections(tmp_path: Path) -> None:
    for dataset, subjects in (("utd_mhad", "1122"), ("utkinect", ("01", "02"))):
        clips = [recording(f"{n}", s, "kick" if n else "wave") for n, s in enumerate(subjects)]
        write_set(tmp_path, dataset, clips)
    store = Store.open(tmp_path)
    assert [(store.dataset(n), store.describe(n).name) for n in (0, 5)] == [("utd_mhad", "0"), ("utkinect", "1")]
    assert len(store.select(sets=["utkinect"])) == 2
    assert len(store.select(subjects=["1", "01"])) == 3
    assert len(store.select(labels=["wave"])) == 2
    assert [clip.subject for clip in store.select(split="cross_subject/train")] == ["1", "1", "01"]
    assert [clip.subject for clip in store.select(split="standard/test")] == ["2", "2", "02"]
    folds = store.select(sets=["utkinect"]).select(split="leave_one_subject_out/02/test")
    assert [clip.subject for clip in folds] == ["02"]
    assert len(store.select(subjects=["1"]).select(split="cross_subject/test")) == 0
    assert store.hash != store.select(sets=["utkinect"]).hash


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"sets": ["utkinct"]}, r"no sets 'utkinct' in this store; did you mean 'utkinect'\? There are: utkinect"),
        ({"subjects": ["7"]}, "There are: 1"),
        ({"labels": ["fly"]}, "There are: wave, kick"),
        ({"split": "xsub/train"}, "no protocol 'xsub'; it has cross_subject, leave_one_subject_out/<subject>"),
        ({"split": "cross_subject"}, "expected PROTOCOL/train"),
        ({"split": "leave_one_subject_out/9/train"}, "no fold '9' in the set utkinect. There are: 1"),
    ],
)
def test_a_selection_of_what_is_not_there_names_what_is(tmp_path: Path, condition: dict, message: str) -> None:
    write_set(tmp_path, "utkinect", [recording()])
    with pytest.raises(ValueError, match=message):
        Store.open(tmp_path).select(**condition)


def test_a_packed_file_holds_the_selection(tmp_path: Path) -> None:
    source = [recording("a", "1"), recording("b", "2")]
    write_set(tmp_path / "store", "utd_mhad", source)
    store = Store.open(tmp_path / "store")
    pack(store.select(split="standard/train"), tmp_path / "train.usdrl")
    packed = Store.open(tmp_path / "train.usdrl")
    packed.verify()
    (back,) = packed.recordings()
    same(back, source[0], 1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["store", "train.usdrl"] or len(list(tmp_path.iterdir())) == 2
    with pytest.raises(ValueError, match="selection is empty"):
        pack(store.select(subjects=["1"]).select(split="standard/test"), tmp_path / "none.usdrl")


def test_an_interrupted_import_leaves_nothing(tmp_path: Path) -> None:
    def broken():
        yield recording()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_set(tmp_path, "mine", broken())
    assert list(tmp_path.iterdir()) == []


def test_a_set_is_replaced_only_on_demand_and_as_a_whole(tmp_path: Path) -> None:
    first = write_set(tmp_path, "mine", [recording("a")])
    with pytest.raises(FileExistsError, match="--replace"):
        write_set(tmp_path, "mine", [recording("b")])
    with pytest.raises(ValueError, match="two recordings are called a"):
        write_set(tmp_path, "mine", [recording("a"), recording("a")], replace=True)
    assert Store.open(tmp_path).describe(0).name == "a"
    assert write_set(tmp_path, "mine", [recording("b")], replace=True).hash != first.hash
    assert [clip.name for clip in Store.open(tmp_path)] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_recordings_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    twice = Recording("a", "kinect_v1_20", (SkeletonFrame(1.0, (person("x"), person("x"))),))
    cases = {
        "same person twice": twice,
        r"expected joints \(25, 3\)": Recording("a", "kinect_v2_25", recording().frames),
        "labels .'fly'. are not among": recording(label="fly"),
    }
    for message, wrong in cases.items():
        with pytest.raises(ValueError, match=message):
            write_set(tmp_path, "mine", [wrong])
    with pytest.raises(ValueError, match="no recordings"):
        write_set(tmp_path, "mine", [])
    with pytest.raises(ValueError, match="float32, float16"):
        write_set(tmp_path, "mine", [recording()], dtype="int8")


def test_damage_is_noticed(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording()])
    joints, index = tmp_path / "mine" / "joints.npy", tmp_path / "mine" / "index.json"
    content = joints.read_bytes()
    joints.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ValueError, match="differs from its hash"):
        Store.open(tmp_path).verify()
    joints.write_bytes(content[:-40])
    with pytest.raises(ValueError, match="damaged"):
        Store.open(tmp_path)
    joints.write_bytes(content)
    described = json.loads(index.read_text())
    index.write_text(json.dumps(described | {"clips": []}))
    with pytest.raises(ValueError, match="its index says 0"):
        Store.open(tmp_path)
    index.write_text(json.dumps(described | {"format": "other"}))
    with pytest.raises(ValueError, match="expected format"):
        Store.open(tmp_path)


def test_objects_in_arrays_are_never_loaded(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording()])
    np.save(tmp_path / "mine" / "stamps.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="damaged array"):
        Store.open(tmp_path)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("topology", {}),
        ("topology", "/etc/joints.yaml"),
        ("people", [{"a": 1}]),
        ("subject", 3.5),
        ("label", ["wave"]),
        ("tags", {"camera": []}),
    ],
)
def test_a_packed_file_of_others_with_other_values_is_one_line(tmp_path: Path, entry: str, value: object) -> None:
    write_set(tmp_path / "s", "mine", [recording()])
    pack(Store.open(tmp_path / "s"), tmp_path / "good.usdrl")
    with zipfile.ZipFile(tmp_path / "good.usdrl") as good, zipfile.ZipFile(tmp_path / "bad.usdrl", "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name.endswith(".json"):
                index = json.loads(content)
                index["clips"][0][entry] = value
                content = json.dumps(index).encode()
            bad.writestr(name, content)
    with pytest.raises(ValueError, match="damaged index"):
        Store.open(tmp_path / "bad.usdrl")


@pytest.mark.parametrize("label", ["", "wave\n[ERROR] forged", "w" * 101])
def test_labels_that_cannot_be_shown_are_refused(tmp_path: Path, label: str) -> None:
    one = Recording("a", "kinect_v1_20", recording().frames, labels=(label,), label=label)
    with pytest.raises(ValueError, match="a: labels: expected 1 to 100 printable characters"):
        write_set(tmp_path / "s", "mine", [one])


def test_a_place_without_a_store_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="usdrl data import"):
        Store.open(tmp_path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("mine/index.json", "{}")
    with pytest.raises(ValueError, match="usdrl data pack"):
        Store.open(tmp_path / "x.zip")
