"""The files of a bag as people have them: their names, their packing, and what ``metadata.yaml`` says of them."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd
from helpers.acted_bags import acted, said

from usdrl_ros.bags.command import main
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.metadata import STORAGES
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage_file import unpack
from usdrl_ros.bags.write import write_recording

SOURCE = acted()


def written(folder: Path, storage: str = "mcap") -> tuple[Path, Path]:
    """A labelled bag, and its storage file."""
    write_recording(SOURCE, folder / "bag", storage=storage)
    (file,) = (folder / "bag").glob(f"*{STORAGES[storage]}")
    return folder / "bag", file


@pytest.mark.parametrize("storage", STORAGES)
def test_names_in_upper_case(tmp_path: Path, capsys: pytest.CaptureFixture[str], storage: str) -> None:
    bag, file = written(tmp_path, storage)
    file = file.rename(bag / file.name.upper())
    (bag / "metadata.yaml").unlink()
    assert len(load_bag(bag).frames) == len(load_bag(file, load_truth(bag)).frames) == len(SOURCE.frames)
    (bag / "TABLE.CSV").write_text("person,label,start,end\n1,clap,0.2,0.6\n", encoding="utf-8")
    assert main(["label", str(bag), str(bag / "TABLE.CSV"), "--relative", "--replace"]) == 0, said(capsys)
    assert [segment.label for segment in load_truth(bag).segments] == ["clap"]
    shutil.copy(file, bag / "OLD.BAG")
    assert main(["info", str(bag / "OLD.BAG")]) == 1
    assert "a bag of ROS 1: make one" in said(capsys)


def test_a_file_of_several_frames_of_zstd_is_read_to_its_end(tmp_path: Path) -> None:
    bag, file = written(tmp_path)
    content = file.read_bytes()
    packed = file.with_name(f"{file.name}.zstd")
    parts = [content[at : at + 5000] for at in range(0, len(content), 5000)]
    whole = b"".join(map(zstd.compress, parts))
    packed.write_bytes(whole)
    file.unlink()
    (bag / "metadata.yaml").unlink()
    assert len(parts) > 2 and len(load_bag(bag).frames) == len(SOURCE.frames)
    packed.write_bytes(whole[:-10])
    with pytest.raises(BagError, match="the file is cut"):
        load_bag(bag)


@pytest.mark.parametrize("method", ["zstd", "lz4"])
def test_packed_bytes_of_several_frames_are_unpacked_within_the_limit(method: str) -> None:
    parts = [bytes([number]) * 100_000 for number in range(5)]
    packed = b"".join(zstd.compress(part) if method == "zstd" else lz4.frame.compress(part) for part in parts)
    whole = b"".join(parts)
    for limit in (500_000, 499_999, 250_000, 0):
        assert unpack(packed, method, limit) == whole[: limit + 1]
    begin = unpack(packed[: len(packed) * 2 // 3], method, 500_000)
    assert whole.startswith(begin) and 200_000 <= len(begin) < 500_000
    assert unpack(b"", method, 10) == b""


def test_a_bomb_of_many_frames_is_refused_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(ValueError, match="frames of packed bytes"):
        unpack(zstd.compress(b"") * 500_000, "zstd", 1000)
    assert time.monotonic() - started < 10.0


def test_a_file_that_metadata_do_not_name_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag, file = written(tmp_path)
    assert load_bag(bag).troubles == ()
    shutil.copy(file, bag / "another_1.mcap")
    assert main(["info", str(bag)]) == 0
    assert "metadata.yaml does not name another_1.mcap, not read" in said(capsys)
    assert len(load_bag(bag).frames) == len(SOURCE.frames)


def test_empty_metadata_are_as_none(tmp_path: Path) -> None:
    bag, _ = written(tmp_path)
    (bag / "metadata.yaml").write_text("\n", encoding="utf-8")
    read = load_bag(bag)
    assert len(read.frames) == len(SOURCE.frames)
    assert any("no metadata.yaml, or an empty one" in line for line in read.troubles)


@pytest.mark.parametrize("number", [0, 99])
def test_of_a_topic_of_two_types_the_skeletons_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    bag, file = written(tmp_path, "sqlite3")
    with closing(sqlite3.connect(file)) as database, database:
        columns = "name, 'std_msgs/msg/String', serialization_format, offered_qos_profiles"
        known = [row[1] for row in database.execute("PRAGMA table_info(topics)")]
        columns += ", ''" * (len(known) - 5)
        database.execute(f"INSERT INTO topics SELECT {number}, {columns} FROM topics LIMIT 1")
        text = bytes.fromhex("000100000200000061000000")
        stamps = [row for (row,) in database.execute("SELECT timestamp FROM messages")]
        for stamp in stamps[:3]:
            database.execute("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", (number, stamp, text))
    metadata = bag / "metadata.yaml"
    count = len(stamps)
    metadata.write_text(
        metadata.read_text().replace(f"message_count: {count}\n", f"message_count: {count + 3}\n"), encoding="utf-8"
    )
    assert main(["info", str(bag)]) == 0
    text = said(capsys)
    assert "/skeletons: 3 messages of a second type, std_msgs/msg/String, are left out" in text
    read = load_bag(bag)
    assert (len(read.frames), read.refused) == (len(SOURCE.frames), {})
    assert not read.damaged, "nothing of it is missing"
