"""UTD-MHAD, MSR Action3D, SBU and MSRC-12: the official files with their published counts, and damaged ones."""

import io
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import DATA, public

from usdrl_model.data import catalogue, protocols
from usdrl_model.data.importers import msraction3d, msrc12, sbu, utd_mhad
from usdrl_model.skeleton.recording import Recording


def official(name: str) -> list[Recording]:
    return list(catalogue.load(name, public(name)))


def parts(dataset: str, split: str, recordings: list[Recording]) -> tuple[int, int]:
    """How many train and how many are tested."""
    return tuple(
        sum(protocols.Split.of(dataset, f"{split}/{part}").has(recording) for recording in recordings)
        for part in ("train", "test")
    )


def height(recording: Recording) -> float:
    """Median extent of the people along y, metres."""
    people = [person.joints[:, 1] for frame in recording.frames for person in frame.people]
    return float(np.median([y.max() - y.min() for y in people]))


def test_utd_mhad() -> None:
    clips = official("utd_mhad")
    assert (len(clips), sum(len(clip.frames) for clip in clips)) == (861, 58_299)
    assert (len({clip.label for clip in clips}), len({clip.subject for clip in clips})) == (27, 8)
    assert parts("utd_mhad", "cross_subject", clips) == (431, 430)
    assert all(1.0 < height(clip) < 2.1 for clip in clips if clip.label == "wave")
    joints = clips[0].frames[0].people[0].joints
    assert joints[3, 1] > joints[2, 1] > joints[1, 1] > joints[0, 1] > joints[14, 1]  # head to hips, then ankle


def test_msraction3d() -> None:
    clips = official("msraction3d")
    assert (len(clips), sum(len(clip.frames) for clip in clips)) == (567, 23_478)
    empty = sum(not frame.people for clip in clips for frame in clip.frames)
    assert empty == 1_113
    assert sum(clip.tags["listed"] == "yes" for clip in clips) == 557
    train, test = parts("msraction3d", "cross_subject", clips)
    assert train + test == 557
    subsets = [parts("msraction3d", f"cross_subject_{name}", clips) for name in ("as1", "as2", "as3")]
    listed = Counter(clip.label for clip in clips if clip.tags["listed"] == "yes")
    assert [sum(counts) for counts in subsets] == [
        sum(listed[msraction3d.LABELS[action - 1]] for action in actions)
        for actions in ((2, 3, 5, 6, 10, 13, 18, 20), (1, 4, 7, 8, 9, 11, 12, 14), (6, *range(14, 21)))
    ]


def test_sbu() -> None:
    clips = official("sbu")
    assert (len(clips), sum(len(clip.frames) for clip in clips)) == (282, 6_822)
    assert all(len(frame.people) == 2 for clip in clips for frame in clip.frames)
    counts = Counter(clip.label for clip in clips)
    assert [counts[label] for label in sbu.LABELS] == [42, 43, 40, 41, 18, 21, 39, 38]
    assert len({clip.tags["set"] for clip in clips}) == 21
    folds = [parts("sbu", f"five_fold/{fold}", clips) for fold in range(1, 6)]
    assert sum(test for _, test in folds) == 282  # every clip is tested exactly once
    assert all(train + test == 282 for train, test in folds)
    thigh = [
        np.linalg.norm(person.joints[9] - person.joints[10]) for frame in clips[0].frames for person in frame.people
    ]
    assert 0.3 < float(np.median(thigh)) < 0.55


def test_msrc12() -> None:
    clips = official("msrc12")
    assert (len(clips), sum(len(clip.frames) for clip in clips)) == (296, 362_066)
    # 3,148 in all tag files; the recording of one (14 tags) is not in the published set.
    assert sum(len(clip.segments) for clip in clips) == 3_148 - 14
    assert {clip.subject for clip in clips} == {f"p{n:02}" for n in range(1, 16)}
    held_out = {clip.subject for clip in clips if protocols.Split.of("msrc12", "standard/test").has(clip)}
    assert held_out == {"p13", "p14", "p15"}
    nearest = []
    for clip in clips:
        stamps = np.array([frame.stamp for frame in clip.frames])
        nearest += [np.abs(stamps - segment.start).min() for segment in clip.segments]
    assert 0.007 < float(np.median(nearest)) < 0.010  # the formula for the ticks is right
    assert not clips[0].frames[0].people  # every file begins without a person


UTD = DATA / "utd_mhad" / "Skeleton.zip"


def one_clip() -> bytes:
    if not UTD.is_file():
        pytest.skip("the recordings of utd_mhad are not here")
    with zipfile.ZipFile(UTD) as archive:
        return archive.read("Skeleton/a1_s1_t1_skeleton.mat")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:600], "damaged MATLAB file"),
        (lambda content: b"", "expected a MATLAB 5 file"),
        (lambda content: b"text" * 99, "expected a MATLAB 5 file"),
        (lambda content: content[:200] + bytes(50) + content[250:], "damaged MATLAB file"),
    ],
)
def test_damaged_matlab_files(tmp_path: Path, change: object, message: str) -> None:
    (tmp_path / "a1_s1_t1_skeleton.mat").write_bytes(change(one_clip()))
    with pytest.raises(ValueError, match=rf"a1_s1_t1_skeleton\.mat: {message}"):
        list(utd_mhad.load(tmp_path))


def test_an_unpacked_file_comes_before_the_archive_and_comes_once(tmp_path: Path) -> None:
    content = one_clip()
    (tmp_path / "a1_s1_t1_skeleton.mat").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "Skeleton.zip", "w") as archive:
        archive.writestr("Skeleton/a1_s1_t1_skeleton.mat", b"")
        archive.writestr("../../a2_s1_t1_skeleton.mat", content)  # never extracted, so it cannot escape
    assert [clip.name for clip in utd_mhad.load(tmp_path)] == ["a1_s1_t1", "a2_s1_t1"]
    assert sorted(path.name for path in tmp_path.rglob("*.mat")) == ["a1_s1_t1_skeleton.mat"]


def test_a_half_downloaded_archive_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as archive:
        archive.writestr("Skeleton/a1_s1_t1_skeleton.mat", bytes(5000))
    content = (tmp_path / "whole.zip").read_bytes()
    (tmp_path / "whole.zip").unlink()
    (tmp_path / "Skeleton.zip").write_bytes(content[:3000])
    with pytest.raises(ValueError, match=r"Skeleton\.zip: damaged, or only half downloaded"):
        list(utd_mhad.load(tmp_path))


ROW4 = "0.1 0.2 2.5 1.0\n"
MSR = "a01_s01_e01_skeleton3D.txt"
ROW91 = ",".join(["1", *["0.3"] * 90]) + "\n"
ROW81 = " ".join(["1000000", *["0.1 0.2 2.0 1.0"] * 20]) + "\n"
TAGS = "XQPCTick;Tag\n49875000;G3 Push right\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROW4 * 19, "expected 20 rows a frame, got 19"),
        (ROW4 * 3 + "0.1 0.2\n", "line 4: expected 4 numbers, got 2"),
        (ROW4 * 3 + "0.1 0.2 x 1\n", "line 4: expected 4 numbers"),
    ],
)
def test_malformed_msraction3d(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / msraction3d.LIST).write_text("a01_s01_e01\n")
    (tmp_path / MSR).write_text(text)
    with pytest.raises(ValueError, match=message):
        list(msraction3d.load(tmp_path))


def test_msraction3d_marks_lost_frames_and_unlisted_clips(tmp_path: Path) -> None:
    (tmp_path / msraction3d.LIST).write_text("a01_s01_e02\n")
    (tmp_path / MSR).write_text(ROW4 * 20 + "0 0 0 0\n" * 20)
    (clip,) = msraction3d.load(tmp_path)
    assert [len(frame.people) for frame in clip.frames] == [1, 0]
    assert clip.tags["listed"] == "no"
    assert clip.frames[1].stamp - clip.frames[0].stamp == pytest.approx(1 / 15)


@pytest.mark.parametrize(
    "names", ["a01_s01_e01_skeleton3D.txt\r\na01_s01_e02", "a01_s01_e02,a01_s01_e01,", "x/A01_S01_E01.TXT\n"]
)
def test_a_list_of_msraction3d_may_name_files_and_have_commas(tmp_path: Path, names: str) -> None:
    (tmp_path / msraction3d.LIST).write_text(names)
    (tmp_path / MSR).write_text(ROW4 * 20)
    (clip,) = msraction3d.load(tmp_path)
    assert clip.tags["listed"] == "yes"
    assert parts("msraction3d", "cross_subject", [clip]) == (1, 0)


@pytest.mark.parametrize("names", ["", "ba01_s01_e01 a01_s01_e011 a1_s1_e1"])
def test_a_list_of_msraction3d_without_names_is_refused(tmp_path: Path, names: str) -> None:
    (tmp_path / msraction3d.LIST).write_text(names)
    (tmp_path / MSR).write_text(ROW4 * 20)
    with pytest.raises(ValueError, match=rf"{msraction3d.LIST}: expected names of clips"):
        list(msraction3d.load(tmp_path))


@pytest.mark.parametrize(
    ("rows", "message"),
    [(ROW91[:-5] + "\n", "line 1: expected 91 numbers"), (ROW91 * 2, "expected rising frame numbers")],
)
def test_malformed_sbu(tmp_path: Path, rows: str, message: str) -> None:
    file = tmp_path / "s01s02" / "01" / "001" / "skeleton_pos.txt"
    file.parent.mkdir(parents=True)
    file.write_text(rows)
    with pytest.raises(ValueError, match=message):
        list(sbu.load(tmp_path))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"P1_1_3_p01.csv": ROW81}, "its .tagstream is missing"),
        ({"P1_1_3_p01.csv": ROW81, "P1_1_3_p01.tagstream": "\n"}, "got an empty file"),
        ({"P1_1_3_p01.csv": ROW81, "P1_1_3_p01.tagstream": "Tick;Tag\n"}, "line 1: expected 'tick;G<1-12>"),
        ({"P1_1_3_p01.csv": ROW81[:-5], "P1_1_3_p01.tagstream": TAGS}, "line 1: expected 81 numbers"),
        ({"P1_1_3_p01.csv": ROW81, "P1_1_3_p01.tagstream": TAGS + "12;G13 x\n"}, "line 3: expected 'tick;G<1-12>"),
        ({"P1_1_3_p01.csv": ROW81 + ROW81.replace("1000000", "900000"), "P1_1_3_p01.tagstream": TAGS}, "rising"),
    ],
)
def test_malformed_msrc12(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        list(msrc12.load(tmp_path))


def test_msrc12_dates_a_tag_and_forgives_lower_case(tmp_path: Path) -> None:
    (tmp_path / "P1_1_3_p01.csv").write_text(ROW81)
    (tmp_path / "p1_1_3_p01.tagstream").write_text(TAGS)
    (clip,) = msrc12.load(tmp_path)
    (segment,) = clip.segments
    assert segment.label == "push_right"
    assert segment.start == segment.end == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("heading", ["", "XQPCTick;Tag\r\n", "\nXQPCTICK;TAG\n"])
def test_tags_of_msrc12_with_and_without_a_heading(tmp_path: Path, heading: str) -> None:
    (tmp_path / "P1_1_3_p01.csv").write_text(ROW81)
    (tmp_path / "P1_1_3_p01.tagstream").write_text(f"{heading}49875000;G3 Push right\n99750000;G4 Goggles\n")
    (clip,) = msrc12.load(tmp_path)
    assert [segment.label for segment in clip.segments] == ["push_right", "goggles"]


@pytest.mark.parametrize(
    ("joints", "tags"),
    [
        ("P1_1_3A_P13.CSV", "P1_1_3A_P13.TAGSTREAM"),
        ("P1_1_3a_p13.csv", "P1_1_3A_p13.tagstream"),
        ("p1_1_3A_p13.CSV", "P1_1_3A_P13.tagstream"),
    ],
)
def test_file_names_of_msrc12_in_any_case(tmp_path: Path, joints: str, tags: str) -> None:
    (tmp_path / joints).write_text(ROW81)
    (tmp_path / tags).write_text(TAGS)
    (clip,) = msrc12.load(tmp_path)
    assert (clip.name, clip.subject) == ("P1_1_3A_p13", "p13")
    assert protocols.Split.of("msrc12", "standard/test").has(clip)
    (tmp_path / tags).unlink()
    with pytest.raises(ValueError, match=r"its \.tagstream is missing"):
        list(msrc12.load(tmp_path))


def test_file_names_of_sbu_in_upper_case(tmp_path: Path) -> None:
    file = tmp_path / "S01S02" / "01" / "001" / "SKELETON_POS.TXT"
    file.parent.mkdir(parents=True)
    file.write_text(ROW91)
    (clip,) = sbu.load(tmp_path)
    assert (clip.name, clip.tags["set"]) == ("s01s02_01_001", "s01s02")


def test_the_list_of_msraction3d_has_a_name_in_any_case_and_lies_anywhere(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / msraction3d.LIST.upper()).write_text("a01_s01_e01\n")
    (tmp_path / MSR.upper()).write_text(ROW4 * 20)
    (clip,) = msraction3d.load(tmp_path)
    assert (clip.name, clip.tags["listed"]) == ("a01_s01_e01", "yes")


def test_archives_of_recordings_whole_and_truncated(tmp_path: Path) -> None:
    archive = tmp_path / "p01.tar.xz"
    with tarfile.open(archive, "w:xz") as packed:
        for name, text in (("P1_1_3_p01.csv", ROW81 * 400), ("P1_1_3_p01.tagstream", TAGS)):
            entry = tarfile.TarInfo(f"data/{name}")
            entry.size = len(text)
            packed.addfile(entry, io.BytesIO(text.encode()))
    assert [len(clip.frames) for clip in msrc12.load(archive)] == [400]
    content = archive.read_bytes()
    for share in (0.0, 0.3, 0.8):
        archive.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ValueError, match=r"p01\.tar\.xz: damaged, or only half downloaded"):
            list(msrc12.load(tmp_path))


@pytest.mark.parametrize("name", catalogue.SETS)
def test_an_empty_folder_says_what_was_expected_and_where_it_comes_from(tmp_path: Path, name: str) -> None:
    (tmp_path / "Skeleton.7z").write_bytes(b"")
    with pytest.raises(FileNotFoundError) as caught:
        list(catalogue.load(name, tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert "expected" in str(caught.value)


def test_an_unknown_set_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did you mean 'utd_mhad'"):
        list(catalogue.load("utdmhad", tmp_path))
