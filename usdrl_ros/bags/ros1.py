"""``usdrl-bag ros1``: a bag of ROS 1 (``.bag``) -> a rosbag2 folder with the messages as ROS 2 has them.

The library ``rosbags`` converts; no ROS is needed. It reads ``.bag`` files without the limits of this package
(``files.limits``): convert files of people you trust.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from usdrl_model.errors.shown import LINE, MESSAGE, cut
from usdrl_model.files.suffix import suffix
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.metadata import STORAGES
from usdrl_ros.bags.new_bag import appearing

MAGIC = b"#ROSBAG V2.0"


def add_ros1(command: argparse.ArgumentParser) -> None:
    """Add the options that ``convert_ros1`` reads."""
    command.add_argument("source", type=Path, help="a .bag file of ROS 1")
    command.add_argument("target", type=Path, help="folder to make")
    command.add_argument("--topics", nargs="+", default=[], metavar="T", help="only these (default: all)")
    command.add_argument("--storage", choices=tuple(STORAGES), default="mcap", help="of the new bag (default: mcap)")


def convert_ros1(arguments: argparse.Namespace) -> None:
    """Convert a bag.

    Raises:
        BagError: no such file, the target exists, none of the topics is in it, or it cannot be converted; nothing is
            left then.
    """
    from rosbags.convert import ConverterError, convert
    from rosbags.typesys import Stores, get_typestore

    source, target = arguments.source, arguments.target
    if not source.is_file() or suffix(source) != ".bag":
        raise BagError(f"{source}: expected a .bag file of ROS 1; bags of ROS 2 need no conversion")
    with source.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise BagError(f"{source}: damaged, or no bag of ROS 1: expected it to begin with {MAGIC.decode()}")
    if suffix(target) == ".bag":
        raise BagError(f"{target}: expected the name of a folder, a bag of ROS 2 is one")
    _check_topics(source, arguments.topics)
    noetic, jazzy = get_typestore(Stores.ROS1_NOETIC), get_typestore(Stores.ROS2_JAZZY)
    with appearing(target) as part, TemporaryDirectory() as folder:
        named = Path(folder) / "old.bag"  # the library knows no other case of the suffix
        named.symlink_to(source.resolve())
        try:
            convert(
                [named], part, arguments.storage, 9, None, "file", noetic, jazzy, (), arguments.topics, (), ()
            )  # fmt: skip
        except ConverterError as error:
            raise BagError(
                f"{source}: {cut(error, LINE)}; --topics leaves out topics whose messages ROS 2 does not know"
            ) from error
    print(f"{cut(target, MESSAGE)}: usdrl-bag info shows its topics")


def _check_topics(source: Path, wanted: Collection[str]) -> None:
    """Raise BagError for a file that cannot be read, or lacks a topic that is asked for."""
    from rosbags.rosbag1 import Reader, ReaderError

    try:
        with Reader(source) as bag:
            there = sorted(name for name, topic in bag.topics.items() if topic.msgcount)
    except ReaderError as error:
        raise BagError(
            f"{source}: {cut(error, LINE)}: `rosbag reindex` of ROS 1 mends a recording that was aborted"
        ) from error
    if not there or (missing := sorted(set(wanted) - set(there))):
        lacking = cut(", ".join(missing), LINE) if there else "any topic"
        has = f"; it has {cut(', '.join(there), LINE)}" if there else ""
        raise BagError(f"{source}: no messages of {lacking}{has}")
