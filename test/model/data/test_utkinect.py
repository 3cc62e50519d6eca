"""The UTKinect reader on the official files, and on damaged ones."""

import zipfile
from pathlib import Path

import pytest
from helpers.paths import public

from usdrl_model.data.importers import utkinect

ROW = " ".join(["252", *["0.5"] * 60])


def test_the_official_files() -> None:
    recordings = utkinect.load(public("utkinect"))
    assert [recording.name for recording in recordings] == [f"s{s:02}_e{e:02}" for s in range(1, 11) for e in (1, 2)]
    assert sum(len(recording.frames) for recording in recordings) == 15_860
    assert sum(len(recording.segments) for recording in recordings) == 199  # one of 200 is NaN in the label file
    first = recordings[0]
    assert first.subject == "01"
    walk = first.segments[0]
    assert (walk.label, walk.start, walk.end) == ("walk", utkinect.EPOCH + 252 / 60, utkinect.EPOCH + 390 / 60)
    assert all(a.stamp <= b.stamp for a, b in zip(first.frames, first.frames[1:], strict=False))
    head, foot = first.frames[0].people[0].joints[[3, 15]]
    assert 1.2 < head[1] - foot[1] < 2.0  # metres, y up


def write(folder: Path, rows: str, labels: str) -> Path:
    (folder / "joints").mkdir()
    (folder / "joints" / "joints_s01_e01.txt").write_text(rows)
    (folder / "actionLabel.txt").write_text(labels)
    return folder


def test_a_folder_of_unpacked_files(tmp_path: Path) -> None:
    (recording,) = utkinect.load(write(tmp_path, f"{ROW}\n{ROW}\n\n", "s01_e01\nwalk: 252 390\ncarry: NaN NaN\n"))
    assert len(recording.frames) == 2
    assert [segment.label for segment in recording.segments] == ["walk"]


def test_names_in_other_cases_and_labels_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "JOINTS_S01_E01.TXT").write_text(ROW)
    (tmp_path / "lists" / "ACTIONLABEL.TXT").write_text("S01_E01\nwalk: 252 390\n")
    (recording,) = utkinect.load(tmp_path)
    assert recording.name == "s01_e01"
    assert [segment.label for segment in recording.segments] == ["walk"]


def test_the_archive_and_the_repaired_labels_are_preferred(tmp_path: Path) -> None:
    write(tmp_path, "", "s01_e01\nwalk: 1 2\n")
    with zipfile.ZipFile(tmp_path / "joints.zip", "w") as archive:
        archive.writestr("joints/joints_s01_e01.txt", ROW)
    (tmp_path / "actionLabel_modified.txt").write_text("s01_e01\nwalk: 60 120\n")
    (recording,) = utkinect.load(tmp_path)
    assert len(recording.frames) == 1
    assert recording.segments[0].start == utkinect.EPOCH + 1.0


def test_archives_are_not_opened_for_labels_that_are_unpacked(tmp_path: Path) -> None:
    write(tmp_path, "", "s01_e01\nwalk: 252 390\n")
    with zipfile.ZipFile(tmp_path / "joints.zip", "w") as archive:
        archive.writestr("joints/joints_s01_e01.txt", ROW)
    (tmp_path / "RGB.zip").write_bytes(b"PK half downloaded")
    assert [recording.name for recording in utkinect.load(tmp_path)] == ["s01_e01"]


def test_labels_in_an_archive(tmp_path: Path) -> None:
    write(tmp_path, ROW, "")
    (tmp_path / "actionLabel.txt").unlink()
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("actionLabel.txt", "s01_e01\nwalk: 252 390\n")
    (recording,) = utkinect.load(tmp_path)
    assert [segment.label for segment in recording.segments] == ["walk"]


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (ROW[:-4], "s01_e01\n", "line 1: expected 61 numbers"),
        (ROW.replace("252", "x"), "s01_e01\n", "line 1"),
        (ROW, "s01_e01\nfly: 1 2\n", "actionLabel.txt line 2: expected 'action: first last'"),
        (ROW, "walk: 1 2\n", "line 1: expected"),
        (ROW, "s02_e01\n", "no such sequence"),
    ],
)
def test_malformed_files_say_where(tmp_path: Path, rows: str, labels: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        utkinect.load(write(tmp_path, rows, labels))


def test_a_wrong_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="actionLabel"):
        utkinect.load(tmp_path)
    (tmp_path / "actionLabel.txt").write_text("")
    with pytest.raises(FileNotFoundError, match=r"joints\.zip"):
        utkinect.load(tmp_path)
