"""PKU-MMD: the published labels, one genuine skeleton file, and hand-made recordings."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import DATA

from usdrl_model.data import catalogue, protocols
from usdrl_model.data.importers import pku_mmd
from usdrl_model.data.importers.arrays import EPOCH
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.windows import cut

DATA = DATA / "pku_mmd"
genuine = pytest.mark.skipif(not DATA.is_dir(), reason="the PKU-MMD files are not here")


@genuine
def test_the_published_labels() -> None:
    truth = pku_mmd.labels(DATA)
    assert len(truth) == 1_076
    assert sum(map(len, truth.values())) == 21_545
    assert {segment.label for segments in truth.values() for segment in segments} == set(pku_mmd.LABELS)
    corrupt = [segment for segments in truth.values() for segment in segments if segment.end < segment.start]
    assert [(segment.label, round((segment.start - EPOCH) * 30)) for segment in corrupt] == [("bow", 4925)]
    assert corrupt[0] in truth["0043-L"]
    lengths = [(segment.end - segment.start) * 30 for segments in truth.values() for segment in segments]
    assert round(float(np.median(lengths))) in (98, 99)


@genuine
def test_the_genuine_recording() -> None:
    (recording,) = catalogue.load("pku_mmd_2", DATA)
    assert (recording.name, len(recording.frames), recording.segments) == ("A10N08-L", 1_040, ())
    present = [len(frame.people) for frame in recording.frames]
    assert set(present[:312]) == {1}
    assert set(present[312:]) == {2}  # a spurious second body
    assert dict(recording.tags) == {"camera": "L"}


ROW = " ".join(["0.5"] * 75 + ["0"] * 75) + "\n"


def make(folder: Path, name: str = "0002-L", rows: str = ROW * 100, labels: str | None = "13,10,40,2\n") -> Path:
    for sub in ("Data", "Label", "Split"):
        (folder / sub).mkdir(exist_ok=True)
    (folder / "Data" / f"{name}.txt").write_text(rows)
    if labels is not None:
        (folder / "Label" / f"{name}.txt").write_text(labels)
    return folder


def test_a_recording_with_labels_and_splits(tmp_path: Path) -> None:
    make(tmp_path, "0002-L")
    make(tmp_path, "0003-R", labels="13,10,40,2\n1,60,50,2\n")
    (tmp_path / "Split" / "cross-subject.txt").write_text(
        "Training videos: \n0002-L, 0004-M\n\nValidataion videos: \n0003-R"
    )
    (tmp_path / "Split" / "cross-view.txt").write_text("Training videos: \n0003-R\n")
    first, second = pku_mmd.load(tmp_path)
    assert [len(frame.people) for frame in first.frames] == [1] * 100
    (wave,) = first.segments
    assert (wave.label, wave.person) == ("wave", "1")
    assert first.frames[10].stamp == pytest.approx(wave.start)
    assert first.frames[40].stamp == pytest.approx(wave.end)
    assert [segment.label for segment in second.segments] == ["wave", "bow"]
    for split, parts in (("cross_subject", ["train", "test"]), ("cross_view", ["test", "train"])):
        protocol = protocols.PROTOCOLS["pku_mmd_1"][split]
        assert [protocol.part(recording) for recording in (first, second)] == parts


def test_end_to_end_lie_end_to_end(tmp_path: Path) -> None:
    make(tmp_path, "0043-L", labels="13,10,40,2\n1,90,80,2\n6,70,99,1\n")
    write_set(tmp_path / "store", "pku_mmd_1", pku_mmd.load(tmp_path))
    clip = Store.open(tmp_path / "store")[0]
    joints, classes, seen = cut.detection_windows(clip, ("none", *pku_mmd.LABELS))
    assert (joints.shape, classes.shape, seen.shape) == ((2, 64, 1, 25, 3), (2, 64), (2, 64))
    assert seen.reshape(-1).tolist() == [True] * 100 + [False] * 28
    expected = np.zeros(128, int)
    expected[10:41], expected[70:100] = 13, 6
    np.testing.assert_array_equal(classes.reshape(-1), expected)
    np.testing.assert_array_equal(joints.reshape(128, 1, 25, 3)[:100], clip.joints)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": ROW * 3 + ROW[:-4] + "\n"}, r"0002-L\.txt line 4: expected 150 numbers, got 148"),
        ({"labels": "13,10,40\n"}, r"0002-L\.txt line 1: expected 4 numbers, got 3"),
        ({"labels": "52,10,40,2\n"}, "row 1: expected action 1 to 51, got 52"),
        ({"labels": "13,nan,40,2\n"}, "expected numbers, got nan or inf"),
        ({"labels": "13,x,40,2\n"}, "line 1: expected 4 numbers"),
    ],
)
def test_files_of_pku_mmd_that_are_malformed(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(pku_mmd.load(make(tmp_path, **change)))


def test_labels_for_some_only_are_an_error_and_for_none_are_not(tmp_path: Path) -> None:
    make(tmp_path, "0003-L", labels=None)
    assert [recording.segments for recording in pku_mmd.load(tmp_path)] == [()]
    make(tmp_path, "0002-L")
    with pytest.raises(ValueError, match=r"0003-L\.txt: the label files have none of this name"):
        list(pku_mmd.load(tmp_path))


def test_names_of_split_lists_that_are_no_recordings(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path)
    (tmp_path / "Split" / "cross-subject.txt").write_text("Training videos:\n0002-L, 0077-M\n")
    assert len(list(pku_mmd.load(tmp_path))) == 1
    assert "1 names of its split lists belong to no recording, '0077-M' the first" in caplog.text


def test_names_in_lower_case_are_those_of_the_labels_and_lists(tmp_path: Path) -> None:
    make(tmp_path, "0002-l", labels=None)
    (tmp_path / "Label" / "0002-L.txt").write_text("13,10,40,2\n")
    (tmp_path / "Split" / "cross-subject.txt").write_text("training videos:\r\n0002-l, \r\n")
    (recording,) = pku_mmd.load(tmp_path)
    assert recording.name == "0002-L"
    assert [segment.label for segment in recording.segments] == ["wave"]
    assert dict(recording.tags) == {"camera": "L", "cross_subject": "train"}


def test_a_recording_in_both_parts_of_a_split_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "Split" / "cross-subject.txt").write_text("Training videos:\n0002-L\nTest videos:\n0002-L")
    with pytest.raises(ValueError, match="0002-L is in both parts"):
        list(pku_mmd.load(tmp_path))


def test_split_lists_need_their_heading(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "Split" / "cross-subject.txt").write_text("0002-L, 0003-L")
    with pytest.raises(ValueError, match="Training videos"):
        list(pku_mmd.load(tmp_path))


@genuine
def test_a_truncated_genuine_recording(tmp_path: Path) -> None:
    shutil.copy(DATA / "A10N08-L.txt", tmp_path)
    file = tmp_path / "A10N08-L.txt"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="expected 150 numbers"):
        list(pku_mmd.load(tmp_path, phase=2))
