"""Tars that are damaged where ``tarfile`` sees an end, and those that end in another way than most."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from usdrl_model.data.importers import own
from usdrl_model.files import archives

BLOCK = tarfile.BLOCKSIZE
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.xz": lzma.compress,
    "tar.bz2": bz2.compress,
}


def recording(frames: int = 3) -> bytes:
    file = io.BytesIO()
    np.savez(file, joints=np.ones((frames, 1, 17, 3)), rate=20.0, topology="coco_17")
    return file.getvalue()


def tar(*names: str, link: tuple[str, str, bytes] | None = None) -> tuple[bytearray, list[int]]:
    """A tar of recordings without padding, and where each header and its end begin; ``link``: name, target, type."""
    file, starts = io.BytesIO(), []
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number, name in enumerate(names):
            starts.append(archive.offset)
            entry, content = tarfile.TarInfo(f"{name}.npz"), recording(3 + number)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        if link:
            entry = tarfile.TarInfo(link[0])
            entry.linkname, entry.type = link[1:]
            archive.addfile(entry)
        starts.append(archive.offset)
    return bytearray(file.getvalue()[: starts[-1] + 2 * BLOCK]), starts


def names(folder: Path, content: bytes, ending: str = "tar") -> list[str]:
    (folder / f"mine.{ending}").write_bytes(PACKINGS[ending](bytes(content)))
    return [recording.name for recording in own.load(folder)]


def with_links() -> bytes:
    """A tar of a recording behind half a MiB, under 101 names."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in (("filler", bytes(2**19)), ("a.npz", recording())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for number in range(100):
            entry = tarfile.TarInfo(f"b{number}.npz")
            entry.linkname, entry.type = "a.npz", tarfile.LNKTYPE
            archive.addfile(entry)
    return file.getvalue()


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_damaged_header_does_not_end_a_tar(tmp_path: Path, ending: str) -> None:
    content, (_, second, _, _) = tar("a", "b", "c")
    content[second + 150] ^= 0x11  # in its checksum
    with pytest.raises(ValueError, match=rf"mine\.{ending}: damaged.*a header in it is damaged"):
        names(tmp_path, content, ending)


def test_zeros_in_the_place_of_a_header_do_not_end_a_tar(tmp_path: Path) -> None:
    content, (_, second, _, _) = tar("a", "b", "c")
    content[second : second + 2 * BLOCK] = bytes(2 * BLOCK)
    with pytest.raises(ValueError, match=r"mine\.tar: damaged.*what follows its end is no padding"):
        names(tmp_path, content)


def test_a_tar_behind_another_one_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several tars in one"):
        names(tmp_path, tar("a")[0] + tar("b")[0])


def test_a_tar_that_is_cut_in_a_header(tmp_path: Path) -> None:
    content, (_, second, _) = tar("a", "b")
    with pytest.raises(ValueError, match="a header in it is damaged"):
        names(tmp_path, content[: second + 300])


@pytest.mark.parametrize("zeros", [1, 2, 3, 20, 5000])
def test_padding_and_a_lone_block_of_zeros_end_a_tar(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, zeros: int
) -> None:
    content, starts = tar("a", "b")
    assert names(tmp_path, content[: starts[-1]] + bytes(BLOCK * zeros)) == ["a", "b"]
    assert not caplog.messages


def test_a_tar_that_ends_with_a_member_is_read_and_doubted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content, (_, second, _) = tar("a", "b")
    assert names(tmp_path, content[:second]) == ["a"]
    assert caplog.messages == [f"{tmp_path}/mine.tar: without the mark of its end: is it whole?"]


@pytest.mark.parametrize(
    ("ending", "behind"),
    [("tar.gz", b"junk" * 20), ("tar.gz", b"\x1f\x8b"), ("tar.xz", bytes(4)), ("tar.xz", bytes(4096))],
)
def test_what_follows_a_packed_tar_and_cannot_be_unpacked_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, ending: str, behind: bytes
) -> None:
    content, starts = tar("a", "b")
    (tmp_path / f"mine.{ending}").write_bytes(PACKINGS[ending](bytes(content)) + behind)
    assert [recording.name for recording in own.load(tmp_path)] == ["a", "b"]
    for message in caplog.messages:
        assert message.startswith(f"{tmp_path}/mine.{ending}: what follows its end is not read (")
    assert len(caplog.messages) <= 1
    without_mark = PACKINGS[ending](bytes(content[: starts[-1]]))
    (tmp_path / f"mine.{ending}").write_bytes(without_mark + behind[:20])
    with pytest.raises(ValueError, match=rf"mine\.{ending}: damaged"):
        list(own.load(tmp_path))


@pytest.mark.parametrize(("ending", "place"), [("tar.gz", -8), ("tar.xz", -60), ("tar.bz2", -3)])
def test_a_wrong_checksum_behind_the_end_is_an_error(tmp_path: Path, ending: str, place: int) -> None:
    packed = bytearray(PACKINGS[ending](bytes(tar("a", "b")[0])))
    packed[place] ^= 0x10
    (tmp_path / f"mine.{ending}").write_bytes(packed)
    with pytest.raises(ValueError, match=rf"mine\.{ending}: damaged"):
        list(own.load(tmp_path))


def test_padding_counts_as_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SLACK", 2**20)
    with pytest.raises(ValueError, match=r"mine\.tar\.gz: bytes, unpacked: \d+, more than the limit"):
        names(tmp_path, tar("a")[0] + bytes(2**25), "tar.gz")


@pytest.mark.parametrize("ending", PACKINGS)
@pytest.mark.parametrize(
    ("link", "kind"), [("./a.npz", tarfile.LNKTYPE), ("a.npz", tarfile.LNKTYPE), ("../x/a.npz", tarfile.SYMTYPE)]
)
def test_a_file_under_another_name(tmp_path: Path, ending: str, link: str, kind: bytes) -> None:
    first, target = ("x/a", link) if kind == tarfile.SYMTYPE else ("a", link)
    content, _ = tar(first, "b", link=("y/c.npz", target, kind))
    assert names(tmp_path, content, ending) == [first, "b", "y/c"]
    assert len(list(own.load(tmp_path))[2].frames) == 3


def test_a_link_to_what_is_not_there(tmp_path: Path) -> None:
    content, _ = tar("a", link=("c.npz", "z.npz", tarfile.LNKTYPE))
    with pytest.raises(ValueError, match=r"mine\.tar:c\.npz: a link to z\.npz, which is not before it"):
        names(tmp_path, content)


@pytest.mark.parametrize("target", ["later.npz", "/data/a.npz", "days", "../../a.npz"])
def test_a_symbolic_link_to_nothing_before_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, target: str
) -> None:
    content, starts = tar("a", link=("latest.npz", target, tarfile.SYMTYPE))
    later, _ = tar("later")
    assert names(tmp_path, content[: starts[-1]] + later) == ["a", "later"]
    where = f"{tmp_path}/mine.tar:latest.npz"
    assert caplog.messages == [f"{where}: a link to {target}, which is no file before it in the archive: not read"]


def test_links_in_a_tar_that_is_not_packed_cost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SLACK", 2**20)
    monkeypatch.setattr(archives, "RATIO", 1)
    assert len(names(tmp_path, with_links())) == 101


def test_links_that_would_be_unpacked_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SLACK", 2**20)
    with pytest.raises(ValueError, match=r"mine\.tar\.gz: bytes, unpacked: \d+, more than the limit"):
        names(tmp_path, with_links(), "tar.gz")
