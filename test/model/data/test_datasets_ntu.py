"""NTU RGB+D in 3D and 2D, and UAV-Human: genuine and hand-made files, protocols, and what the checkpoints expect."""

import os
import pickle
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import DATA

from usdrl_model.data import catalogue, protocols
from usdrl_model.data.importers import ntu, ntu_2d, uav_human
from usdrl_model.data.importers.image_plane import HEIGHT
from usdrl_model.data.importers.ntu_missing import missing_skeletons
from usdrl_model.skeleton.recording import Recording

SAMPLES = DATA / "ntu_raw_samples"
RNG = np.random.default_rng(0)
genuine = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the NTU sample files are not here")


def to_pixels(joints: np.ndarray, width: float, height: float) -> np.ndarray:
    """The inverse of ``to_metres``: (..., 3) -> (..., 2)."""
    x, y = joints[..., 0], joints[..., 1]
    return np.stack([width / 2.0 - x * height / HEIGHT, height / 2.0 - y * height / HEIGHT], axis=-1)


def body(identity: str, joints: np.ndarray, state: int = 2) -> str:
    """A body of a frame in the official format."""
    lines = [f"{identity} 0 1 1 0 0 0 0.01 -0.02 2", str(len(joints))]
    tail = f"200.5 150.5 800.1 500.2 0.1 0.2 0.3 0.4 {state}"
    return "\n".join([*lines, *(f"{x:.6f} {y:.6f} {z:.6f} {tail}" for x, y, z in joints)])


def skeleton(frames: Sequence[Sequence[str]]) -> str:
    return "\n".join([str(len(frames)), *("\n".join([str(len(bodies)), *bodies]) for bodies in frames)]) + "\n"


def standing(x: float = 0.0) -> np.ndarray:
    return RNG.normal(0.0, 0.2, (25, 3)) + (x, 0.0, 3.0)


def write(folder: Path, text: str, name: str = "S001C002P003R001A050") -> Path:
    (folder / f"{name}.skeleton").write_text(text)
    return folder


@genuine
def test_the_genuine_files() -> None:
    clips = list(catalogue.load("ntu60", SAMPLES))
    assert [len(clip.frames) for clip in clips] == [103, 158, 104, 99, 54]
    assert [clip.label for clip in clips] == ["drink", "eat", "brush_teeth", "brush_hair", "drop"]
    assert all(len(frame.people) == 1 for clip in clips for frame in clip.frames)
    person = clips[0].frames[0].people[0]
    assert person.id == "72057594037931101"  # would lose its last digits as a float
    assert person.confidence is not None and set(np.unique(person.confidence)) <= {0.0, 0.5, 1.0}
    assert 1.2 < person.joints[3, 1] - person.joints[15, 1] < 2.0
    assert clips[0].subject == "001" and dict(clips[0].tags) == {"setup": "001", "camera": "1", "replication": "001"}


@genuine
def test_windows_line_ends_make_no_difference(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "S001C001P001R001A001.crlf.skeleton", tmp_path / "S001C001P001R001A001.skeleton")
    (crlf,), first = ntu.load(tmp_path), next(iter(ntu.load(SAMPLES)))
    for one, other in zip(crlf.frames, first.frames, strict=True):
        np.testing.assert_array_equal(one.people[0].joints, other.people[0].joints)


@genuine
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_genuine_file(tmp_path: Path, share: float) -> None:
    text = (SAMPLES / "S001C001P001R001A005.skeleton").read_text()
    with pytest.raises(ValueError, match=r"A005\.skeleton"):
        list(ntu.load(write(tmp_path, text[: int(share * len(text))], "S001C001P001R001A005")))


def test_two_people_with_identities_and_an_empty_frame(tmp_path: Path) -> None:
    one, two = standing(), standing(1.0)
    frames = [[body("11", one), body("22", two, state=1)], [], [body("22", two), body("11", one)], [body("33", one)]]
    (clip,) = ntu.load(write(tmp_path, skeleton(frames)))
    assert [[person.id for person in frame.people] for frame in clip.frames] == [["11", "22"], [], ["22", "11"], ["33"]]
    np.testing.assert_allclose(clip.frames[0].people[1].joints, two, atol=1e-6)
    np.testing.assert_array_equal(clip.frames[0].people[1].confidence, np.full(25, 0.5))
    assert clip.label == "punch"


GOOD = skeleton([[body("11", standing())]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends after line 0, where number of frames is expected"),
        ("two\n", "line 1: expected the number of frames, got 'two'"),
        ("1\n1\n", "ends after line 2, where a body"),
        (GOOD[: len(GOOD) // 2], "ends after line|expected 12 numbers"),
        (GOOD + "0\n", "1 lines after the last frame"),
        (GOOD.replace("\n25\n", "\n20\n"), "expected the number of joints, got '20'"),
        (GOOD.replace("200.5", "x", 1), "expected 12 numbers, got"),
        (GOOD.replace("0.4 2\n", "0.4 7\n", 1), "tracking states 0, 1 or 2"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        list(ntu.load(write(tmp_path, text)))
    assert "S001C002P003R001A050.skeleton" in str(caught.value)


def test_missing_skeletons_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    missing = missing_skeletons()
    assert (len(missing), sum(name < "S018" for name in missing)) == (535, 302)
    for name in ("S001C002P005R002A008", "S001C001P001R001A001", "S018C001P001R001A061"):
        write(tmp_path, GOOD, name)
    assert [clip.name for clip in catalogue.load("ntu60", tmp_path)] == ["S001C001P001R001A001"]
    assert "1 recordings of the authors' list" in caplog.text
    assert [clip.name for clip in catalogue.load("ntu120", tmp_path)][1] == "S018C001P001R001A061"


def test_file_names_in_lower_case(tmp_path: Path) -> None:
    for name in ("s001c002p005r002a008", "s001c001p001r001a001"):  # the first is in the list of missing ones
        write(tmp_path, GOOD, name)
    assert [clip.name for clip in ntu.load(tmp_path)] == ["S001C001P001R001A001"]


def test_the_protocols() -> None:
    def split(dataset: str, text: str, subject: int, camera: int = 1, setup: int = 1) -> str:
        tags = {"camera": str(camera), "setup": f"{setup:03}"}
        clip = Recording("x", "kinect_v2_25", (), subject=f"{subject:03}", tags=tags)
        return next(part for part in ("train", "test") if protocols.Split.of(dataset, f"{text}/{part}").has(clip))

    people = {subject for subject in range(1, 41) if split("ntu60", "xsub", subject) == "train"}
    assert people == {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}
    more = {subject for subject in range(1, 107) if split("ntu120", "xsub", subject) == "train"}
    assert people < more
    assert len(more) == 53  # half of 106
    assert [split("ntu60", "xview", 1, camera=camera) for camera in (1, 2, 3)] == ["test", "train", "train"]
    assert [split("ntu120", "xset", 1, setup=setup) for setup in (1, 2, 31, 32)] == ["test", "train", "test", "train"]
    assert len(ntu.LABELS) == len(set(ntu.LABELS)) == 120


UAV = "P001S00G10B10H10UC022000LC021000A007R0_08241716"


def test_uav_human(tmp_path: Path) -> None:
    pixels = np.column_stack([RNG.uniform(700, 900, 17), RNG.uniform(300, 700, 17), np.zeros(17)])
    pixels[4] = 0.0
    lines = ["1", "1", "000 0 0 0 0 0 0 0 0 0", "17", *(" ".join(map(str, row)) for row in pixels)]
    (tmp_path / f"{UAV}.txt").write_text("\n".join(lines) + "\n")
    (clip,) = uav_human.load(tmp_path)
    assert (clip.name, clip.subject, clip.label) == (UAV, "001", "A007")
    assert clip.flat
    joints = clip.frames[0].people[0].joints
    np.testing.assert_allclose(np.delete(to_pixels(joints, 1920, 1080), 4, 0), np.delete(pixels[:, :2], 4, 0))
    assert np.isnan(joints[4]).all()  # not seen stays missing
    assert np.nanmax(joints[:, 1]) - np.nanmin(joints[:, 1]) < HEIGHT
    (tmp_path / f"{UAV}.txt").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(ValueError, match="ends after line 20"):
        list(uav_human.load(tmp_path))
    test_subjects = [n for n in range(119) if protocols.PROTOCOLS["uav_human"]["v1"].part(person(n)) == "test"]
    assert len(test_subjects) == 119 - 89
    assert {1, 3, 4} <= set(test_subjects)


def test_joints_far_outside_of_the_picture_are_missing(tmp_path: Path) -> None:
    pixels = np.column_stack([RNG.uniform(700, 900, 17), RNG.uniform(300, 700, 17), np.zeros(17)])
    far, out = [1, 2, 3, 4], [5, 6]
    pixels[far, :2] = [(1e30, 500.0), (3500.0, 500.0), (800.0, -700.0), (-1e30, 1e30)]
    pixels[out, :2] = [(-40.0, 500.0), (800.0, 1200.0)]  # of somebody at the edge
    lines = ["1", "1", "000 0 0 0 0 0 0 0 0 0", "17", *(" ".join(map(str, row)) for row in pixels)]
    (tmp_path / f"{UAV}.txt").write_text("\n".join(lines) + "\n")
    (clip,) = uav_human.load(tmp_path)
    missing = np.isnan(clip.frames[0].people[0].joints).all(axis=1)
    assert np.flatnonzero(missing).tolist() == far


def person(number: int) -> Recording:
    return Recording("x", "coco_17", (), subject=f"{number:03}")


def annotation(**change: object) -> dict:
    entry = {
        "frame_dir": "S001C001P002R001A003", "label": 2, "img_shape": (1080, 1920), "original_shape": (1080, 1920),
        "total_frames": 4, "keypoint": RNG.uniform(300, 900, (2, 4, 17, 2)).astype(np.float16),
        "keypoint_score": RNG.uniform(0.3, 1.0, (2, 4, 17)).astype(np.float16),
    }  # fmt: skip
    return entry | change


CLIP = ["S001C001P002R001A003"]


def pyskl(folder: Path, *annotations: dict, split: dict | None = None) -> Path:
    split = split or {"xsub_train": CLIP, "xsub_val": [], "xview_val": CLIP}
    (folder / "ntu60_hrnet.pkl").write_bytes(pickle.dumps({"split": split, "annotations": list(annotations)}))
    return folder


def test_ntu_2d(tmp_path: Path) -> None:
    entry = annotation()
    entry["keypoint"][1, 2:] = 0.0  # the second person leaves
    entry["keypoint"][0, 1, 5] = 0.0  # a joint that was not found, sure as its score may be
    (clip,) = ntu_2d.load(pyskl(tmp_path, entry))
    assert clip.flat
    assert (clip.name, clip.label, clip.subject) == ("S001C001P002R001A003", "brush_teeth", "002")
    assert dict(clip.tags) == {"image": "1920x1080", "xsub": "train", "xview": "test"}
    assert [len(frame.people) for frame in clip.frames] == [2, 2, 1, 1]
    np.testing.assert_allclose(to_pixels(clip.frames[3].people[0].joints, 1920, 1080), entry["keypoint"][0, 3])
    np.testing.assert_allclose(clip.frames[3].people[0].confidence, entry["keypoint_score"][0, 3])
    assert np.flatnonzero(np.isnan(clip.frames[1].people[0].joints).any(axis=1)).tolist() == [5]
    assert protocols.Split.of("ntu60_2d", "xview/test").has(clip)


def test_the_pickle_lies_anywhere_but_in_an_archive(tmp_path: Path) -> None:
    content = (pyskl(tmp_path, annotation()) / "ntu60_hrnet.pkl").read_bytes()
    (tmp_path / "ntu60_hrnet.pkl").unlink()
    archive = tmp_path / "ntu60_hrnet.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("ntu60_hrnet.pkl", content)
    for path in (tmp_path, archive):
        with pytest.raises(FileNotFoundError, match=r"ntu60_hrnet\.zip: .*unpack ntu60_hrnet\.pkl"):
            list(ntu_2d.load(path))
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "NTU60_HRNET.PKL").write_bytes(content)
    assert [clip.name for clip in ntu_2d.load(tmp_path)] == CLIP
    (tmp_path / "a" / "ntu60_hrnet.pkl").write_bytes(content)
    with pytest.raises(ValueError, match="keep one"):
        list(ntu_2d.load(tmp_path))


def test_parts_of_a_split_in_any_case(tmp_path: Path) -> None:
    (clip,) = ntu_2d.load(pyskl(tmp_path, annotation(), split={"xsub_Train": CLIP, "XVIEW_TEST": CLIP}))
    assert dict(clip.tags) == {"image": "1920x1080", "xsub": "train", "xview": "test"}


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"xsub_training": CLIP}, "split 'xsub_training': expected a protocol and train, val, test"),
        ({"train": CLIP}, "split 'train': expected a protocol"),
        ({"xsub_train": CLIP, "xsub_val": CLIP}, f"clip {CLIP[0]} is in both parts of xsub"),
    ],
)
def test_splits_that_would_train_on_what_they_test_are_refused(tmp_path: Path, split: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(ntu_2d.load(pyskl(tmp_path, annotation(), split=split)))


@pytest.mark.parametrize(("least", "most"), [(0.0, 1.0), (-1.0, 1.0), (-0.2, 1.3)])
def test_joints_as_shares_of_the_picture_are_refused(tmp_path: Path, least: float, most: float) -> None:
    shares = RNG.uniform(least, most, (2, 4, 17, 2))
    shares[1], shares[0, 0, 0] = 0.0, np.nan
    with pytest.raises(ValueError, match=f"clip {CLIP[0]}: .*expected pixels of 1920x1080"):
        list(ntu_2d.load(pyskl(tmp_path, annotation(keypoint=shares))))
    (clip,) = ntu_2d.load(pyskl(tmp_path, annotation(keypoint=np.zeros((2, 4, 17, 2)))))
    assert not any(frame.people for frame in clip.frames)


def test_a_clip_that_nobody_labelled_and_names_of_splits_that_are_no_clips(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (clip,) = ntu_2d.load(pyskl(tmp_path, annotation(label=np.int64(-1), frame_dir="S001C001P003R001A003")))
    assert clip.label is None
    assert "1 clips with the label -1, taken without a label" in caplog.text
    assert "1 names of its splits belong to no recording, 'S001C001P002R001A003' the first" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoint": np.zeros((1, 4, 17, 3))}, r"clip S001C001P002R001A003: expected keypoints \(M, T, 17, 2\)"),
        ({"label": 99}, "label: expected 0 to 59, or -1 for unknown, got 99"),
        ({"label": -2}, "label: expected 0 to 59"),
        ({"label": 3.7}, r"label: expected a whole number, got 3\.7"),
        ({"label": True}, "label: expected a whole number"),
        ({"img_shape": (0, 1920)}, "an image of"),
        ({"keypoint_score": np.full((1, 3, 17), 97.0)}, "keypoint_score: expected 0 to 1, got 97 to 97"),
        ({"keypoint_score": np.zeros((2, 3, 17))}, "expected keypoints"),
        ({"img_shape": None}, "TypeError"),
    ],
)
def test_malformed_ntu_2d(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(ntu_2d.load(pyskl(tmp_path, annotation(**change))))


def test_a_pickle_that_runs_something_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return os.system, (f"touch {tmp_path}/ran",)

    with pytest.raises(ValueError, match=r"refused .*system"):
        list(ntu_2d.load(pyskl(tmp_path, annotation(label=Evil()))))
    assert not (tmp_path / "ran").exists()
    content = (pyskl(tmp_path, annotation()) / "ntu60_hrnet.pkl").read_bytes()
    for damaged in (content[: len(content) // 2], b"", pickle.dumps([1, 2])):
        (tmp_path / "ntu60_hrnet.pkl").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"ntu60_hrnet\.pkl"):
            list(ntu_2d.load(tmp_path))
