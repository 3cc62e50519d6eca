"""Folders with links, rings of links, and parts that may not be read."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from usdrl_model.data.importers import own
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set

NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_a_user() -> Iterator[None]:
    """Not as root, who may read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def recorded(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, joints=np.ones((3, 1, 17, 3)), rate=20.0, topology="coco_17")
    return path


def names(folder: Path) -> list[str]:
    return [recording.name for recording in own.load(folder)]


def test_links_to_folders_and_files_are_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files, other = tmp_path / "files", tmp_path / "other"
    recorded(files / "a.npz"), recorded(other / "sub" / "b.npz")
    (files / "day").symlink_to(other)
    (files / "c.npz").symlink_to(other / "sub" / "b.npz")
    assert names(files) == ["a", "c", "day/sub/b"]
    assert not caplog.messages


def test_a_link_to_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorded(tmp_path / "a.npz")
    (tmp_path / "b.npz").symlink_to("missing.npz")
    (tmp_path / "c.npz").symlink_to("c.npz")
    assert names(tmp_path) == ["a"]
    assert caplog.messages == [f"{tmp_path}/{name}.npz: a link to nothing" for name in "bc"]


def test_a_ring_of_links_is_walked_once(tmp_path: Path) -> None:
    recorded(tmp_path / "x" / "a.npz")
    (tmp_path / "a_link").symlink_to(tmp_path / "x")
    (tmp_path / "x" / "ring").symlink_to(tmp_path)
    assert names(tmp_path) == ["x/a"]


def test_a_folder_that_may_not_be_read_is_left_out_and_said(
    open_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(open_folder / "files" / "a.npz"), recorded(open_folder / "files" / "ben" / "b.npz")
    (open_folder / "files" / "ben").chmod(0o000)
    recorded(open_folder / "other" / "in" / "c.npz")
    (open_folder / "other").chmod(0o000)
    (open_folder / "files" / "day").symlink_to(open_folder / "other" / "in")
    with as_a_user():
        assert names(open_folder / "files") == ["a"]
    assert sorted(caplog.messages) == [
        f"{open_folder}/files/{name}: not read, for want of permission" for name in ("ben", "day")
    ]


def test_an_import_that_may_not_be_read_is_an_error(open_folder: Path) -> None:
    recorded(open_folder / "files" / "a.npz")
    (open_folder / "files").chmod(0o000)
    with as_a_user(), pytest.raises(PermissionError, match="files"):
        names(open_folder / "files")


def test_a_file_of_the_set_that_may_not_be_read_is_an_error(open_folder: Path) -> None:
    recorded(open_folder / "a.npz"), recorded(open_folder / "ben" / "b.npz")
    (open_folder / "ben").chmod(0o444)  # the names in it are known
    with as_a_user(), pytest.raises(PermissionError) as caught:
        names(open_folder)
    assert str(open_folder / "ben") in str(caught.value.filename)


def stored(folder: Path) -> Path:
    recorded(folder / "files" / "a.npz")
    for name in ("own", "lab"):
        write_set(folder / "stores", name, own.load(folder / "files"))
    return folder / "stores"


def test_a_folder_in_a_store_that_may_not_be_read_is_left_out_and_said(
    open_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = stored(open_folder)
    (store / "lost+found").mkdir(mode=0o700)
    with as_a_user():
        assert sorted(Store.open(store).sets) == ["lab", "own"]
    assert caplog.messages == [f"{store}/lost+found: not read, for want of permission"]


def test_a_set_whose_index_may_not_be_read_is_an_error(open_folder: Path) -> None:
    store = stored(open_folder)
    (store / "lab" / "index.json").chmod(0o000)
    with as_a_user(), pytest.raises(PermissionError, match="lab"):
        Store.open(store)


def test_a_link_to_itself_in_a_store_is_no_set(tmp_path: Path) -> None:
    store = stored(tmp_path)
    (store / "self").symlink_to("self")
    assert sorted(Store.open(store).sets) == ["lab", "own"]


def test_a_name_of_two_lines_is_not_left_out(tmp_path: Path) -> None:
    recorded(tmp_path / "a.npz"), recorded(tmp_path / "ev\nening" / "b.npz")
    with pytest.raises(ValueError, match="a name of several lines: rename it"):
        names(tmp_path)
    recorded(tmp_path / "b.npz").rename(tmp_path / "b.npz\n")
    (tmp_path / "ev\nening" / "b.npz").unlink()
    assert names(tmp_path) == ["a"], "that is no .npz file"
