"""What a command writes never takes the place of a bag that it reads."""

from pathlib import Path

import pytest

from usdrl_ros.bags.command import main


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bags") / "bag"
    assert main(["performer", str(path), "--rate", "5", "--people", "1", "--duration", "3"]) == 0
    return path


@pytest.mark.parametrize("verb", ["predict", "report", "view"])
@pytest.mark.parametrize("read", ["folder", "file"])
@pytest.mark.parametrize("ending", [".mcap", "metadata.yaml", "labels.yaml"])
def test_no_part_of_a_bag_is_written_over(bag: Path, capsys, verb: str, read: str, ending: str) -> None:
    if verb == "view":
        pytest.importorskip("rerun", reason="needs rerun-sdk (extra rerun)")
    (messages,) = bag.glob("*.mcap")
    (out,) = bag.glob(f"*{ending}")
    before = out.read_bytes()
    capsys.readouterr()
    assert main([verb, str(messages if read == "file" else bag), "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"usdrl-bag: --out {out} is part of the input: choose another name\n"
    assert out.read_bytes() == before


def test_a_joint_set_is_not_written_over(bag: Path, tmp_path: Path, capsys) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("joints: [head]\n", encoding="utf-8")
    assert main(["predict", str(bag), "--topology", str(own), "--out", str(own)]) == 1
    assert "is part of the input" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["predict"], ["report"], ["gesture", "mine"]])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--threads", "-3"], "--threads: expected 0 (all cores) to 1024, got -3"),
        (["--device", "cuda"], "finds no CUDA here; use auto or cpu"),
    ],
)
def test_what_this_machine_has_not_is_refused_before_a_bag_is_read(
    bag: Path, monkeypatch, capsys, verb: list[str], options: list[str], said: str
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("usdrl_ros.bags.described.load_bag", lambda *_: pytest.fail("a bag is read"))
    assert main([*verb, str(bag), *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(said)


@pytest.mark.parametrize("verb", ["predict", "report"])
def test_a_folder_is_refused_before_a_bag_is_read(bag: Path, tmp_path: Path, monkeypatch, capsys, verb: str) -> None:
    monkeypatch.setattr("usdrl_ros.bags.described.load_bag", lambda *_: pytest.fail("a bag is read"))
    assert main([verb, str(bag), "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"usdrl-bag: {tmp_path}: a folder, expected the name of a file\n"


def test_a_new_report_and_one_in_the_place_of_an_older_one_are_written(bag: Path) -> None:
    for _ in range(2):
        assert main(["report", str(bag), "--device", "cpu"]) == 0
        assert main(["predict", str(bag), "--device", "cpu", "--out", str(bag / "said.json")]) == 0
