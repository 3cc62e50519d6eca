"""Names: every recording of a set has one of its own, whatever its importer; a store holds several own sets."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.comings_and_goings import recording

from usdrl_model.cli import main
from usdrl_model.data import catalogue
from usdrl_model.data.importers.files import DatasetInfo, members
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import benchmark, benchmark_store
from usdrl_model.skeleton.topology import topology
from usdrl_model.terms import Terms

ANY = DatasetInfo(title="a set", files="files", where="nowhere", terms=Terms("free"))


def save(path: Path, frames: int, **more: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, joints=np.full((frames, 1, 25, 3), 2.0), rate=30.0, topology="kinect_v2_25", **more)
    return path


def imported(store: Path, *words: object) -> int:
    return main.main(["data", "import", *map(str, words), "--store", str(store)])


def test_own_recordings_of_one_name_in_two_folders_both_survive(tmp_path: Path) -> None:
    save(tmp_path / "mine" / "anna" / "001.npz", 3, subject="anna")
    save(tmp_path / "mine" / "bob" / "001.npz", 5, subject="bob")
    save(tmp_path / "mine" / "001.npz", 7, subject="cleo")
    assert imported(tmp_path / "store", "own", tmp_path / "mine") == 0
    store = Store.open(tmp_path / "store")
    found = {clip.name: (clip.subject, len(clip.stamps)) for clip in store}
    assert found == {"001": ("cleo", 7), "anna/001": ("anna", 3), "bob/001": ("bob", 5)}
    left_out = store.select(split="leave_one_recording_out/anna/001/test")
    assert [clip.name for clip in left_out] == ["anna/001"]


def test_own_recordings_in_an_archive_carry_its_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for name in ("anna", "bob"):
            archive.write(save(tmp_path / f"{name}.npz", 3), f"{name}/001.npz")
    assert {clip.name for clip in catalogue.load("own", tmp_path / "mine.zip")} == {"anna/001", "bob/001"}


def test_a_recording_that_is_there_twice_is_taken_once_and_two_that_differ_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "mine"
    first = save(folder / "a" / "001.npz", 3)
    with zipfile.ZipFile(folder / "one.zip", "w") as archive:
        archive.write(first, "a/001.npz")
    assert [clip.name for clip in catalogue.load("own", folder)] == ["a/001"]
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.write(save(tmp_path / "other.npz", 5), "a/001.npz")
    assert [len(clip.frames) for clip in catalogue.load("own", folder)] == [3]
    assert f"two.zip:a/001.npz differs from {first}, which is taken" in caplog.text
    first.unlink()
    assert imported(tmp_path / "store", "own", folder) == 1
    said = capsys.readouterr().err
    assert "one.zip:a/001.npz and two.zip:a/001.npz are both a/001, and differ: keep one, or rename it" in said
    assert not list((tmp_path / "store").iterdir())


@pytest.mark.parametrize(
    ("pattern", "there", "found"),
    [
        (r"(?P<name>\d\d_\d\d)\.amc$", ("141_02.amc", "41_02.amc"), ["41_02"]),
        (r"a(\d\d)_s(\d\d)\.txt$", ("xa01_s01.txt", "a01_s01.txt", "x_a02_s01.txt"), ["a01_s01.txt", "a02_s01.txt"]),
        (r"^.*?(?P<name>\d{4}-[LMR])\.txt$", ("10002-L.txt", "0002-L.txt"), ["0002-L"]),
    ],
)
def test_a_name_never_begins_within_a_number_or_a_word(
    tmp_path: Path, pattern: str, there: tuple[str, ...], found: list[str]
) -> None:
    for name in there:
        (tmp_path / name).write_text(name)
    names = [member.match.groupdict().get("name", member.match[0]) for member in members(tmp_path, pattern, ANY)]
    assert names == found


@pytest.mark.parametrize("name", ["lab", "own_2", "Küche"])
def test_a_store_holds_several_own_sets(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store"
    assert imported(store, "own", save(tmp_path / "one" / "a.npz", 3, subject="anna").parent) == 0
    second = save(tmp_path / "two" / "a.npz", 5, subject="bob").parent
    assert imported(store, "own", second, "--name", name) == 0
    assert imported(store, "own", second, "--name", name) == 1
    assert "--replace" in capsys.readouterr().err
    opened = Store.open(store)
    assert {opened.dataset(n): opened.describe(n).frames for n in range(len(opened))} == {"own": 3, name: 5}
    assert [clip.subject for clip in opened.select(split="leave_one_subject_out/bob/test", sets=[name])] == ["bob"]
    assert main.main(["data", "info", str(store), "--sets", name]) == 0
    assert "leave_one_recording_out/<name>" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["own", "--name", "sbu"], "only own recordings are given a name, and none that a data set has"),
        (["utd_mhad", "--name", "lab"], "only own recordings are given a name"),
        (["own", "--name", "utkinekt"], "did you mean 'utkinect'"),
        (["own", "--name", "../lab"], "name of a set: expected letters"),
    ],
)
def test_names_that_sets_cannot_have(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save(tmp_path / "mine" / "a.npz", 3).parent
    assert imported(tmp_path / "store", words[0], folder, *words[1:]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


LABELS = ("wave", "kick")
BENCHMARK = """
name: kitchen
title: Our kitchen
data: lab
protocol: leave_one_subject_out
folds: [leave_one_subject_out/1, leave_one_subject_out/2]
people: 1
tasks:
  recognition: {metric: accuracy, heads: [nearest]}
"""


def test_a_benchmark_of_a_named_set_finds_it_or_says_how_to_import_it(tmp_path: Path) -> None:
    (tmp_path / "kitchen.yaml").write_text(BENCHMARK)
    kitchen = benchmark.load(tmp_path / "kitchen.yaml")
    write_set(tmp_path / "store", "own", [recording()])
    with pytest.raises(FileNotFoundError, match="usdrl data import own PATH --store .* --name lab"):
        benchmark_store.open_benchmark(kitchen, tmp_path / "store")
    write_set(tmp_path / "store", "lab", [recording(f"{label}{who}", who, label) for who in "12" for label in LABELS])
    assert benchmark_store.open_benchmark(kitchen, tmp_path / "store").sets == ("lab",)


def skeleton(length: float) -> str:
    """An ASF file whose bones are one chain."""
    bones = topology("cmu_31").joints[1:]
    entries = "".join(
        f"begin\nid {n}\nname {bone}\ndirection 0 1 0\nlength {length}\naxis 0 0 0 XYZ\ndof rx\nend\n"
        for n, bone in enumerate(bones, start=1)
    )
    hierarchy = "".join(f"{parent} {bone}\n" for parent, bone in zip(("root", *bones), bones, strict=False))
    return (
        ":version 1.10\n:units\nmass 1.0\nlength 0.45\nangle deg\n:root\norder TX TY TZ RX RY RZ\naxis XYZ\n"
        f"position 0 0 0\norientation 0 0 0\n:bonedata\n{entries}:hierarchy\nbegin\n{hierarchy}end\n"
    )


def motion(frames: int) -> str:
    bones = topology("cmu_31").joints[1:]
    values = "".join(f"{bone} 0\n" for bone in bones)
    return ":DEGREES\n" + "".join(f"{n}\nroot 0 {n} 0 0 0 0\n{values}" for n in range(1, frames + 1))


def test_subject_141_is_not_subject_41(tmp_path: Path) -> None:
    for subject, length, frames in (("41", 1.0, 3), ("141", 2.0, 5)):
        folder = tmp_path / subject
        folder.mkdir()
        (folder / f"{subject}.asf").write_text(skeleton(length))
        (folder / f"{subject}_02.amc").write_text(motion(frames))
    (tmp_path / "truelabels").mkdir()
    for name, label in (("41_02", 1), ("141_02", 2)):
        (tmp_path / "truelabels" / f"{name}.txt").write_text(f"{label}\n")
    found = {one.name: one for one in catalogue.load("cmu_mocap", tmp_path)}
    assert {name: (len(one.frames), one.subject, one.tags["skeleton"]) for name, one in found.items()} == {
        "41_02": (3, "41", "41"),
        "141_02": (5, "141", "141"),
    }
    assert [found[name].segments[0].label for name in ("41_02", "141_02")] == ["jumping_jack", "jog"]
    heights = [np.ptp(found[name].frames[0].people[0].joints[:, 1]) for name in ("41_02", "141_02")]
    assert heights[1] == pytest.approx(2 * heights[0])
