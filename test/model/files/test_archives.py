"""Archives and folders as people have them: macOS forks, endings in capitals, methods nobody opens, names, bombs."""

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from usdrl_model.data.importers import nw_ucla, own, utkinect
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.files import archives, limits

CLIP = b'{"skeletons": [' + b",".join([b"[" + b",".join([b"[1,2,3]"] * 20) + b"]"] * 3) + b"]}"
NAME = "a01_s01_e00_v01"
FORK = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def changed(path: Path, *, method: int | None = None, flag: int = 0) -> Path:
    """The same archive, which now says that its members are packed by another method, or encrypted."""
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= flag
            if method is not None:
                struct.pack_into("<H", content, at + place + 2, method)
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("ending", ["zip", "ZIP", "tar", "tar.gz", "TGZ", "tar.xz", "txz", "TBZ2"])
def test_what_macos_adds_to_an_archive_is_left_out(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"all_sqe.{ending}"
    files = {f"all_sqe/{NAME}.json": CLIP, f"__MACOSX/all_sqe/._{NAME}.json": FORK, f"all_sqe/._{NAME}.json": FORK}
    if ending.lower() == "zip":
        zipped(path, files)
    else:
        packing = {"tar": "w", "tar.gz": "w:gz", "TGZ": "w:gz", "tar.xz": "w:xz", "txz": "w:xz", "TBZ2": "w:bz2"}[
            ending
        ]
        with tarfile.open(path, packing) as archive:  # type: ignore[call-overload]
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    assert [clip.name for clip in nw_ucla.load(path)] == [NAME]
    assert [clip.name for clip in nw_ucla.load(tmp_path)] == [NAME]


def test_what_macos_adds_to_a_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.json").write_bytes(CLIP)
    for fork in (f"._{NAME}.json", "._more.zip"):
        (tmp_path / fork).write_bytes(FORK)
    assert [clip.name for clip in nw_ucla.load(tmp_path)] == [NAME]


def test_forks_in_the_archive_of_utkinect(tmp_path: Path) -> None:
    row = b"252 " + b"0.5 " * 60
    zipped(tmp_path / "joints.zip", {"__MACOSX/._joints_s01_e01.txt": FORK, "joints/joints_s01_e01.txt": row})
    (tmp_path / "actionLabel.txt").write_text("s01_e01\nwalk: 252 390\n")
    (recording,) = utkinect.load(tmp_path)
    assert len(recording.frames) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": 9}, "packed with Deflate64, which Python does not open: unpack it"),
        ({"method": 99}, "AES"),
        ({"method": 95}, "method 95"),
        ({"flag": 1}, "it is encrypted: unpack it with its password"),
    ],
)
def test_a_zip_that_python_does_not_open_says_what_to_do(tmp_path: Path, change: dict[str, int], message: str) -> None:
    path = changed(zipped(tmp_path / "all_sqe.zip", {f"{NAME}.json": CLIP}), **change)
    with pytest.raises(ValueError, match=rf"all_sqe\.zip: it is .*{message}|all_sqe\.zip: {message}"):
        list(nw_ucla.load(path))


@pytest.mark.parametrize(
    "name", ["all.7z", "all.RAR", "all.tar.zst", "all.json.gz", "all.tar.Z", "all.zip.001", "all.zipx"]
)
def test_an_archive_to_unpack_by_hand_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    for place in (tmp_path, tmp_path / name):
        with pytest.raises(FileNotFoundError, match=f"unpack {name} first"):
            list(nw_ucla.load(place))


def one_recording() -> bytes:
    file = io.BytesIO()
    np.savez(file, joints=np.ones((3, 1, 17, 3)), rate=20.0, topology="coco_17")
    return file.getvalue()


def test_a_name_on_disk_that_is_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/files/wink\xe9.npz")).write_bytes(one_recording())
    write_set(tmp_path / "stores", "own", own.load(tmp_path / "files"))
    assert Store.open(tmp_path / "stores").describe(0).name == "winké"


@pytest.mark.parametrize(("written", "flag"), [("é".encode(), 0), ("é".encode(), 0x800), (b"\x82", 0)])
def test_names_in_a_zip(tmp_path: Path, written: bytes, flag: int) -> None:
    path = zipped(tmp_path / "mine.zip", {"winkXX.npz"[: 4 + len(written)] + ".npz": one_recording()})
    content = path.read_bytes().replace(b"wink" + b"X" * len(written), b"wink" + written)
    path.write_bytes(content)
    if flag:
        content = bytearray(content)
        for mark, place in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
            content[content.find(mark) + place] |= flag >> 8
        path.write_bytes(content)
    assert [recording.name for recording in own.load(path)] == ["winké"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_in_a_zip(tmp_path: Path) -> None:
    for second, message in ((one_recording(), None), (CLIP, r"mine\.zip: two different files in it are called a\.npz")):
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
            archive.writestr("a.npz", one_recording())
            archive.writestr("a.npz", second)
        if message:
            with pytest.raises(ValueError, match=message):
                list(own.load(tmp_path))
        else:
            assert [recording.name for recording in own.load(tmp_path)] == ["a"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_that_nobody_reads(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for name, content in (("a.npz", one_recording()), ("readme.txt", b"old"), ("readme.txt", b"newer")):
            archive.writestr(name, content)
    assert [recording.name for recording in own.load(tmp_path)] == ["a"]


def test_archives_that_are_not_read_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.npz").write_bytes(one_recording())
    for name in ("all.7z", "more.rar"):
        (tmp_path / name).write_bytes(b"")
    inner = zipped(tmp_path / "inner.zip", {"b.npz": one_recording()})
    zipped(tmp_path / "outer.zip", {"days/inner.zip": inner.read_bytes(), "c.npz": one_recording()})
    inner.unlink()
    assert [recording.name for recording in own.load(tmp_path)] == ["a", "c"]
    where = ("all.7z", "more.rar", "outer.zip:days/inner.zip")
    assert caplog.messages == [f"{tmp_path}/{one}: not read: unpack it if files of the set are in it" for one in where]


def test_a_member_larger_than_its_limit_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "all_sqe.zip", {f"{NAME}.json": b"\n" * (limits.JSON + 1)})
    with pytest.raises(ValueError, match=rf"{NAME}\.json: bytes, unpacked: {limits.JSON + 1}, more than the limit"):
        list(nw_ucla.load(path))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_lies_about_its_size(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "x.zip", {"a": b"\n" * 2**22}, method)
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.find(mark) + place, 100)
    path.write_bytes(content)
    with archives.Zip(path, "x.zip") as archive, pytest.raises(ValueError, match=r"x\.zip: damaged"):
        archive.read("a", 2**20)


def test_a_tar_that_unpacks_to_far_more_than_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SLACK", 2**20)
    path = tmp_path / "all.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {"filler": bytes(2**24), f"{NAME}.json": CLIP}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(ValueError, match=r"all\.tar\.gz: bytes, unpacked: \d+, more than the limit"):
        list(nw_ucla.load(path))
