"""One atomic writer: whole files or none, no links followed, modes of the umask, nothing left behind."""

import os
import resource
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from usdrl_model.files import atomic_file
from usdrl_model.files.atomic_file import replacing, write_bytes, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "made" / "here.txt"
    write_text(path, "old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(path.parent) == ["here.txt"]


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_the_file_before_is_kept_on_demand(tmp_path: Path) -> None:
    path, before = tmp_path / "a", tmp_path / "before"
    for text in ("1", "2", "3"):
        with replacing(path, keep=before) as file:
            file.write(text.encode())
    assert (path.read_text(), before.read_text()) == ("3", "2")


def test_a_full_disk_leaves_what_was_there_and_says_so_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_text(path, "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        with pytest.raises(OSError, match="could not be written .*File too large.* state before is intact; make room"):
            write_bytes(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "run"
    outside.write_text("mine")
    folder.mkdir()
    for name in ("a", "a.partial", ".a.partial", ".a.0.partial"):
        (folder / name).symlink_to(outside)
    write_text(folder / "a", "new")
    assert outside.read_text() == "mine"
    assert (folder / "a").read_text() == "new"
    assert not (folder / "a").is_symlink()


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_is_what_the_umask_allows(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


WRITE_FOR_EVER = """
import sys
from usdrl_model.atomic_file import write_bytes
print("ready", flush=True)
while True:
    for letter in b"ab":
        write_bytes(sys.argv[1], bytes([letter]) * 300_000)
"""


def test_killed_at_any_moment_it_is_old_or_new_and_the_next_writer_cleans_up(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"b" * 300_000)
    for delay in (0.01, 0.03, 0.05, 0.07):
        with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, path], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(delay)
            child.kill()
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1
    (tmp_path / ".a.00000000.partial").write_text("left by a writer that was killed")
    write_text(path, "end")
    assert names(tmp_path) == ["a"]


def test_two_writers_of_one_path_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with replacing(path) as one:
        one.write(b"one")
        with replacing(path) as other:
            other.write(b"other")
        assert path.read_text() == "other"
    assert path.read_text() == "one"
    assert names(tmp_path) == ["a"]


def test_a_file_that_was_swept_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, asked = atomic_file.is_at, []

    def swept(descriptor: int, path: Path) -> bool:
        asked.append(path)
        if len(asked) == 1:
            path.unlink()
        return there(descriptor, path)

    monkeypatch.setattr(atomic_file, "is_at", swept)
    write_text(tmp_path / "a", "text")
    assert (tmp_path / "a").read_text() == "text"
    assert len(asked) == 2


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="a folder, expected the name of a file") as caught:
        write_text(tmp_path, "content")
    assert caught.value.filename == str(tmp_path)
