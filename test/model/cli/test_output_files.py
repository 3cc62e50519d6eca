"""A file to write that belongs to what is read is refused before any work, and everything stays as it is."""

from pathlib import Path

import pytest
from helpers.small_recording import recording

from usdrl_model.cli.main import main
from usdrl_model.data.store_writer import write_set


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    write_set(tmp_path / "stores", "own", [recording()])
    assert main(["data", "pack", str(tmp_path / "stores"), "--out", str(tmp_path / "one.usdrl")]) == 0
    return tmp_path / "stores"


def content(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        "data pack stores --out stores/own/index.json",
        "data pack stores/own --out stores/../stores/own/stamps.npy",
        "data pack one.usdrl --sets own --out one.usdrl",
        "data pack linked --out stores/own/index.json",
        "data pack linked --out linked/set/index.json",
        "data view stores --out stores/own/index.json",
        "data info stores --picture stores/own/joints.npy",
        "predict stores --clip 0 --out stores/own/stamps.npy",
        "predict stores --clip 0 --out a_link",
        "probe foundation --data stores --out stores/own/index.json",
        "gestures background --store stores --out stores/own/joints.npy",
        "export hri stores/own/index.json --data stores",
    ],
)
def test_a_store_is_not_written_over(stores: Path, monkeypatch, capsys, command: str) -> None:
    monkeypatch.chdir(stores.parent)
    Path("linked").mkdir()
    Path("linked/set").symlink_to(stores / "own")
    Path("a_link").symlink_to(stores / "own" / "stamps.npy")
    before = content(stores.parent)
    capsys.readouterr()
    assert main(command.split()) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" is part of the input: choose another name")
    assert content(stores.parent) == before


def test_what_a_command_wrote_beside_what_it_read_is_replaced(stores: Path, monkeypatch) -> None:
    monkeypatch.chdir(stores.parent)
    pack = ["data", "pack", "stores", "--out", "stores/own.usdrl"]
    view = ["data", "view", "stores", "--out", "stores/own/clip.gif", "--seconds", "0.1"]
    assert [main(command) for command in (pack, view, pack, view)] == [0, 0, 0, 0]


@pytest.mark.parametrize("command", ["predict stores --out there.gif", "predict stores --picture there.gif"])
def test_a_folder_is_refused_before_anything_is_read(stores: Path, monkeypatch, capsys, command: str) -> None:
    monkeypatch.chdir(stores.parent)
    Path("there.gif").mkdir()
    capsys.readouterr()
    assert main(command.split()) == 1
    assert capsys.readouterr().err == "usdrl predict: there.gif: a folder, expected the name of a file\n"
