"""A store whose writers are killed, stopped, or run out of disk: always the old set or the new one, whole."""

import importlib.util
import json
import os
import resource
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from helpers.comings_and_goings import recording
from helpers.own_folder import mine
from helpers.paths import ROOT

from usdrl_model.cli import main
from usdrl_model.data import store_writer, stored_set
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import pack, write_set
from usdrl_model.files.folder_lock import held
from usdrl_model.skeleton.recording import Recording

PLAIN = ["confidence.npy", "index.json", "joints.npy", "rows.npy", "stamps.npy"]
OTHER = ["confidence.1.npy", "index.json", "joints.1.npy", "rows.1.npy", "stamps.1.npy"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file can become larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def many(name: str = "b") -> Iterator[Recording]:
    return (recording(f"{name}{number}") for number in range(200))


def test_imports_killed_at_random_moments_leave_the_old_or_the_new_set(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("kills", ROOT / "benchmarks" / "kills.py")
    assert spec is not None and spec.loader is not None
    kills = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kills)
    found = kills.imports(8, tmp_path)
    assert set(found) <= {"first", "second"}, found
    assert found.total() == 8


CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.scandir")
"""Operations on the file system, as the interpreter announces them."""


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_killed_before_any_step_of_a_replacement(tmp_path: Path) -> None:
    """A child that dies before its n-th operation on the file system, for every n."""
    held_after = []
    for step in range(100):
        folder = tmp_path / f"{step}"
        write_set(folder, "mine", [recording("old")])
        child = os.fork()
        if child == 0:
            left = step

            def die(event: str, arguments: object) -> None:
                nonlocal left
                if event in CHANGES:
                    left -= 1
                    if left < 0:
                        os._exit(1)

            sys.addaudithook(die)
            write_set(folder, "mine", [recording("new")], replace=True)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        store = Store.open(folder)
        store.verify()
        held_after += [[clip.name for clip in store]]
        write_set(folder, "mine", [recording("newer")], replace=True)  # what was left stands in nobody's way
        assert [clip.name for clip in Store.open(folder)] == ["newer"]
        assert names(folder / "mine") in (PLAIN, OTHER)
        assert names(folder) == ["mine"]
        if ended:
            break
    assert ended
    swap = held_after.index(["new"])
    assert swap > 10
    assert held_after == [["old"]] * swap + [["new"]] * (len(held_after) - swap)


def test_a_killed_first_import_is_no_set_and_the_next_needs_no_replace(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for left in ("joints.npy", "rows.npy", "lock", ".index.json.01234567.partial"):
        (folder / left).write_bytes(b"half")
    with pytest.raises(FileNotFoundError, match="no set of a store"):
        Store.open(tmp_path)
    write_set(tmp_path, "mine", [recording("a")])
    Store.open(tmp_path).verify()
    assert names(folder) == PLAIN


def test_what_older_imports_left_is_never_read_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_set(tmp_path, "mine", [recording("a")])
    for ending in ("old", "partial"):
        shutil.copytree(tmp_path / "mine", tmp_path / f"mine.{ending}")
    assert [clip.name for clip in Store.open(tmp_path)] == ["a"]
    assert "not read, left by an interrupted import: mine.old, mine.partial" in caplog.text
    write_set(tmp_path, "mine", [recording("b")], replace=True)
    assert [clip.name for clip in Store.open(tmp_path)] == ["b"]


def test_a_set_copied_within_a_store_does_not_count_twice(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording("a")])
    shutil.copytree(tmp_path / "mine", tmp_path / "backup")
    with pytest.raises(ValueError, match="backup and .*mine hold the same set mine: move one elsewhere"):
        Store.open(tmp_path)


def test_a_full_disk_leaves_the_old_set_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store"
    large = tmp_path / "large"
    large.mkdir()
    np.savez(large / "x.npz", joints=np.ones((3000, 1, 25, 3)), rate=30.0, topology="kinect_v2_25")
    words = ["data", "import", "own", str(large), "--store", str(store)]
    with disk_of(50_000):
        assert main.main(words) == 1
    assert names(store) == []
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "store/own could not be written (File too large): the state before is intact; make room" in said

    assert main.main(["data", "import", "own", str(mine(tmp_path / "small")), "--store", str(store)]) == 0
    before = Store.open(store).hash
    with disk_of(50_000):
        assert main.main([*words, "--replace"]) == 1
    assert Store.open(store).hash == before
    assert names(store / "own") == PLAIN
    assert main.main([*words, "--replace"]) == 0
    assert [clip.name for clip in Store.open(store)] == ["x"]


def test_a_disk_that_is_full_only_when_the_index_is_written(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording("old")])
    nothing = (Recording(f"{n}", "coco_17", (), tags={"said": "x" * 1000}) for n in range(50))
    with disk_of(40_000), pytest.raises(OSError, match="index.json could not be written"):
        write_set(tmp_path, "mine", nothing, replace=True)
    assert [clip.name for clip in Store.open(tmp_path)] == ["old"]
    assert names(tmp_path / "mine") == PLAIN


def test_a_packed_file_on_a_full_disk(tmp_path: Path) -> None:
    write_set(tmp_path / "store", "mine", many())
    store = Store.open(tmp_path / "store")
    out = tmp_path / "out"
    pack(store, out / "x.usdrl")
    before = (out / "x.usdrl").read_bytes()
    for size in (10_000, len(before) - 1000):
        with disk_of(size), pytest.raises(OSError, match="could not be written .* make room"):
            pack(store, out / "x.usdrl")
        assert names(out) == ["x.usdrl"]
        assert (out / "x.usdrl").read_bytes() == before


def test_packing_after_a_pack_that_was_killed(tmp_path: Path) -> None:
    write_set(tmp_path / "store", "mine", [recording("a")])
    write_set(tmp_path / "out" / ".x.usdrl.sets", "mine", [recording("stale")])
    write_set(tmp_path / "out" / ".x.usdrl.sets", "other", [recording("stale")])
    pack(Store.open(tmp_path / "store"), tmp_path / "out" / "x.usdrl")
    assert [(clip.dataset, clip.name) for clip in Store.open(tmp_path / "out" / "x.usdrl")] == [("mine", "a")]
    assert names(tmp_path / "out") == ["x.usdrl"]


def test_an_import_that_is_stopped_after_the_swap_keeps_the_new_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path, "mine", [recording("old")])
    write_text = store_writer.write_text

    def stopped(path: Path, text: str) -> None:
        write_text(path, text)
        raise KeyboardInterrupt

    monkeypatch.setattr(store_writer, "write_text", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_set(tmp_path, "mine", [recording("new")], replace=True)
    store = Store.open(tmp_path)
    store.verify()
    assert [clip.name for clip in store] == ["new"]


def test_two_imports_of_one_set_do_not_mix(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording("a")])
    with held(tmp_path / "mine"), pytest.raises(BlockingIOError, match=rf"in use by process {os.getpid()} on "):
        write_set(tmp_path, "mine", [recording("b")], replace=True)
    assert [clip.name for clip in Store.open(tmp_path)] == ["a"]
    write_set(tmp_path, "mine", [recording("b")], replace=True)


def test_an_open_set_stays_whole_while_it_is_replaced_twice(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording("a")])
    opened = Store.open(tmp_path)
    for name in "bcd":
        write_set(tmp_path, "mine", many(name), replace=True)
    opened.verify()
    assert [clip.name for clip in opened] == ["a"]


def test_a_set_that_is_replaced_while_it_is_opened_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path, "mine", [recording("a")])
    mapped, opened = stored_set._mapped, []

    def replaced(folder: Path, index: dict) -> dict[str, np.ndarray]:
        opened.append(folder)
        if len(opened) == 1:
            write_set(tmp_path, "mine", many(), replace=True)
        return mapped(folder, index)

    monkeypatch.setattr(stored_set, "_mapped", replaced)
    store = Store.open(tmp_path)
    assert len(store) == 200
    store.verify()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    theirs = mine(tmp_path / "own")
    with pytest.raises(FileExistsError, match="holds other files .one.npz"):
        write_set(tmp_path, "own", [recording()])
    with pytest.raises(FileExistsError, match="holds other files"):
        write_set(tmp_path, "own", [recording()], replace=True)
    assert names(theirs) == ["one.npz", "two.npz"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a.old", "-x"])
def test_names_of_sets_are_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name of a set: expected letters"):
        write_set(tmp_path / "store", name, [recording()])
    assert names(tmp_path) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "usdrl.store/1", "set": "x"}'])
def test_a_damaged_index_is_one_line(tmp_path: Path, content: str) -> None:
    write_set(tmp_path, "mine", [recording()])
    (tmp_path / "mine" / "index.json").write_text(content)
    with pytest.raises(ValueError, match="mine.*(damaged|expected format).*import"):
        Store.open(tmp_path)
    write_set(tmp_path, "mine", [recording("b")], replace=True)
    assert [clip.name for clip in Store.open(tmp_path)] == ["b"]


def test_an_array_that_is_missing_is_one_line(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording()])
    (tmp_path / "mine" / "rows.npy").unlink()
    with pytest.raises(ValueError, match="rows.npy: missing, import the set again"):
        Store.open(tmp_path)
    assert json.loads((tmp_path / "mine" / "index.json").read_text())["set"] == "mine"


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("usdrl.store/2", "made by a newer version: update this package"),
        ("usdrl.store/0", "import the set again"),
        ("other", "import the set again"),
    ],
)
def test_a_store_of_another_format(tmp_path: Path, kind: str, remedy: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "index.json").write_text(json.dumps({"format": kind, "set": "own"}))
    with pytest.raises(ValueError, match=rf"expected format usdrl\.store/1, got '{kind}': {remedy}"):
        Store.open(tmp_path)
