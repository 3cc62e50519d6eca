"""Single recordings of a set that are in another unit, turned, or without anybody: said when they are imported."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import public

from usdrl_model.cli import main
from usdrl_model.simulation.simulate import PerformanceConfig, simulate

STANDING = simulate(PerformanceConfig(rate=10.0), seed=1)
JOINTS = np.array([frame.people[0].joints for frame in STANDING.frames if frame.people])[:60, None]
TURNED = JOINTS[..., [0, 2, 1]] * [1.0, -1.0, 1.0]
HALF = np.where(np.arange(60)[:, None, None, None] < 20, 1000.0 * JOINTS, JOINTS)
HOLES = np.where(np.arange(JOINTS.shape[2])[:, None] % 5 == 0, JOINTS, np.nan)


def said(folder: Path, capsys: pytest.CaptureFixture[str], odd: dict[int, np.ndarray], count: int = 30) -> list[str]:
    """What importing a set of one's own says after its first line, of which some recordings have other joints."""
    (folder / "mine").mkdir()
    for number in range(count):
        joints = odd.get(number, JOINTS)
        np.savez(folder / "mine" / f"r{number:02}.npz", joints=joints, rate=10.0, topology=STANDING.topology)
    assert main.main(["data", "import", "own", str(folder / "mine"), "--store", str(folder / "store")]) == 0
    return capsys.readouterr().out.splitlines()[1:]


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (1000.0 * JOINTS, r"people are \d+ times the size of an adult \(first: r03\): millimetres\?"),
        (JOINTS / 100.0, r"people are 0.0\d+ times the size of an adult \(first: r03\): not in metres\?"),
        (TURNED, r"nobody is upright, unlike in the others \(first: r03\): other axes\?"),
        (np.zeros_like(JOINTS), r"nobody is seen \(first: r03\)"),
        (HOLES, r"nobody is usable, since most joints are missing or invalid \(first: r03\)"),
    ],
)
def test_a_few_odd_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], joints: np.ndarray, message: str
) -> None:
    sample, found = said(tmp_path, capsys, dict.fromkeys((3, 4, 20), joints))
    assert sample.startswith("content of 12 recordings")
    assert found.startswith("in 3 of 30 recordings ")
    assert re.search(message, found), found


def test_a_part_of_the_only_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, found = said(tmp_path, capsys, {0: HALF}, 1)
    assert found.startswith("in a part of 1 of 1 recording people are 1") and found.endswith("millimetres?")


@pytest.mark.parametrize("odd", [{}, dict.fromkeys(range(30), 1000.0 * JOINTS), dict.fromkeys(range(12), TURNED)])
def test_what_is_usual_is_not_odd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], odd: dict[int, np.ndarray]
) -> None:
    assert len(said(tmp_path, capsys, odd)) == 1


@pytest.mark.parametrize(("dataset", "found"), [("sbu", []), ("msraction3d", ["a13_s09_e02"])])
def test_real_people_are_not_odd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dataset: str, found: list[str]
) -> None:
    """In one of the damaged files of MSR Action3D there is nobody, indeed."""
    store = str(tmp_path / "store")
    assert main.main(["data", "import", dataset, str(public(dataset)), "--store", store]) == 0
    odd = capsys.readouterr().out.splitlines()[2:]
    assert odd == [f"in 1 of 567 recordings nobody is seen (first: {name})" for name in found]
