"""The files of a bag as people have them: their names, their packing, and what ``metadata.yaml`` says of them."""

import shutil
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said

from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.metadata import STORAGES
from usdrl_ros.bags.replay import load_bag
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
