"""Recordings of one's own: the ``.npz`` layout, its stamps, units and labels, and what is wrong with a file of it."""

import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from usdrl_model.data.importers import own
from usdrl_model.events.config import StreamConfig
from usdrl_model.skeleton.segments import BACKGROUND, frame_labels, in_doubt
from usdrl_model.skeleton.topology import topology
from usdrl_model.windows.tracklets import tracklets

RNG = np.random.default_rng(1)


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
    assert found == [("anna", "wave", 1.05, 1.125), ("anna", "kick", 1.2, 1.275), ("bob", "hug", 1.0, 1.1)]
    assert recording.labels == ("wave", "kick", "hug")


def test_labels_of_frames_leave_no_holes_and_one_frame_is_no_instant(tmp_path: Path) -> None:
    labels = np.array(["walk"] * 20 + ["jump"] + ["walk"] * 9 + ["clap"] * 20 + ["none"] * 9 + ["clap"])
    joints = RNG.normal(size=(60, 1, 17, 3))
    stamps = 1.0 + np.arange(60) / 30.0
    stamps[45:] += 3.0  # nothing was recorded
    mine(tmp_path, joints=joints, rate=None, stamps=stamps, labels=labels)
    (recording,) = own.load(tmp_path)
    assert in_doubt(recording, 1.2, 4.0) == recording, "no instants"
    ends = [round((one.end - 1.0) * 30.0, 3) for one in recording.segments]
    assert ends == [20.0, 21.0, 30.0, 45.0, 139.5, 149.5], "frames"
    names = ("none", "walk", "jump", "clap")
    classes = frame_labels(recording.segments, stamps, names)
    assert [names[one] for one in classes] == labels.tolist()
    between = np.arange(1.0, stamps[44], 0.01)
    assert 0 not in frame_labels(recording.segments, between, names)


def test_a_gap_that_no_track_bridges_ends_the_labels_before_it(tmp_path: Path) -> None:
    stamps = np.array([1.0, 1.1, 1.2, 9.2, 9.3, 9.4])
    mine(tmp_path, rate=None, stamps=stamps, labels=np.array(["walk"] * 3 + ["clap"] * 3))
    (recording,) = own.load(tmp_path)
    assert [(one.start, round(one.end, 6)) for one in recording.segments] == [(1.0, 1.3), (9.2, 9.45)]
    mine(tmp_path, rate=None, stamps=stamps, labels=np.array(["walk"] * 6))
    (recording,) = own.load(tmp_path)
    assert [(one.start, round(one.end, 6)) for one in recording.segments] == [(1.0, 1.3), (9.2, 9.45)]


def test_a_gap_within_a_track_is_no_background(tmp_path: Path) -> None:
    stamps = 1.0 + np.arange(60) / 30.0
    stamps[30:] += 0.7
    joints = RNG.normal(size=(60, 1, 17, 3))
    mine(tmp_path, joints=joints, rate=None, stamps=stamps, labels=np.array(["walk"] * 30 + ["clap"] * 30))
    (recording,) = own.load(tmp_path)
    names = ("none", "walk", "clap")
    (tracklet,) = tracklets(recording, names, 15.0, StreamConfig().max_gap)
    assert BACKGROUND not in tracklet.labels


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([1.01, 1.5, 2.2, 5.0, 10.0, 30.0]),
    frames=st.lists(st.tuples(st.floats(0.05, 2.0), st.sampled_from(["none", "", "a", "b"])), min_size=3, max_size=20),
    gap=st.tuples(st.integers(0, 19), st.floats(0.0, 5.0)),
)
@example(
    rate=1.01,
    frames=[(0.97, "none")] * 3 + [(0.97, "a"), (0.52, "b"), (0.1, "none"), (0.97, "none")],
    gap=(0, 0.0),
)
def test_labels_of_frames_are_those_of_the_file(
    tmp_path: Path, rate: float, frames: list[tuple[float, str]], gap: tuple[int, float]
) -> None:
    stamps = 1.0 + np.cumsum([step for step, _ in frames]) / rate
    stamps[gap[0] :] += gap[1]
    assume(np.median(np.diff(stamps)) < 1.0)  # as seconds are
    labels = [label for _, label in frames]
    joints = np.zeros((len(frames), 1, 17, 3))
    mine(tmp_path, joints=joints, rate=None, stamps=stamps, labels=np.array(labels))
    (recording,) = own.load(tmp_path)
    names = ("none", "a", "b")
    assert [names[one] for one in frame_labels(recording.segments, stamps, names)] == [one or "none" for one in labels]
    assert all(one.end > one.start for one in recording.segments), "no instants"


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
        ({"labels": np.array(["a"] * 5)}, r"labels: expected texts \(6,\) or \(6, 2\), got <U1 \(5,\)"),
        ({"labels": np.array(["wave", np.nan] * 3)}, 'labels: nan: a missing value. write "" or "none"'),
        ({"clip_label": np.array(["nan"])}, "clip_label: nan: a missing value"),
        ({"segments": np.array([["1", np.nan, 1.0, 1.1]], str)}, "segments: nan: a missing value"),
        ({"labels": np.arange(6)}, r"labels: expected texts \(6,\) or \(6, 2\), got int64 \(6,\)"),
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


def test_what_a_table_has_not_is_no_text(tmp_path: Path) -> None:
    (recording,) = own.load(mine(tmp_path, clip_label=np.nan, subject=np.float32("nan"), units=[np.nan]))
    assert (recording.label, recording.labels, recording.subject) == (None, (), None)
    (recording,) = own.load(mine(tmp_path, clip_label=3, ids=np.array([7, 8])))
    assert (recording.label, recording.frames[0].people[0].id) == ("3", "7")
    with pytest.raises(ValueError, match=r"wave_01\.npz: ids: expected texts, got nan"):
        list(own.load(mine(tmp_path, ids=np.array([7.0, np.nan]))))


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
        ({"labels": np.array([None, None, "hug", "hug", None, None], str)}, r"labels: None: a missing value\?"),
        ({"segments": np.array([["1", "None", "1", "1.1"]])}, "segments: None: a missing value"),
        ({"clip_label": str(None)}, "clip_label: None: a missing value"),
        ({"subject": str(None)}, "subject: None: a missing value"),
    ],
)
def test_entries_that_mean_something_else(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=rf"wave_01(\.npz)?: .*({message})"):
        list(own.load(mine(tmp_path, **change)))


def test_empty_segments_are_none(tmp_path: Path) -> None:
    (recording,) = own.load(mine(tmp_path, segments=np.zeros((0, 4), "<U1"), confidence=np.full((6, 2, 17), np.nan)))
    assert recording.segments == ()
