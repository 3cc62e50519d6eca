"""Files that lie about their size, or grow without end: refused in one line, in little memory and time."""

import struct
from pathlib import Path

import pytest
from helpers.hostile import Hostile, faults, measure
from helpers.hostile_files import FORGED, HOSTILE, array_pickle, write

from usdrl_model.data.importers import safe_pickle


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_file_costs_little_and_is_refused_in_one_line(hostile: Hostile, tmp_path: Path) -> None:
    if hostile.command[1] == "usdrl_ros.bags.command":
        pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    outcome = measure(hostile, tmp_path)
    assert not faults(hostile, outcome), outcome.said


@pytest.mark.parametrize("name", FORGED)
def test_forged_arrays_never_reach_numpy(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes out is a plain array of the bytes of the file, or an error."""
    write("x.pkl", FORGED[name])(tmp_path)
    with (tmp_path / "x.pkl").open("rb") as file:
        try:
            content = safe_pickle.load(file, "x.pkl")
        except ValueError as error:
            assert str(error).startswith("x.pkl: refused or damaged pickle (")
        else:
            (array,) = content["pose"]
            assert (array.dtype, array.tobytes()) == ("<f8", b"\x41" * 32)


def test_a_pickled_array_that_is_what_it_says(tmp_path: Path) -> None:
    state = b"K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"
    numbers = struct.pack("<4d", 1, 2, 3, 4)
    plain = array_pickle(b"X\x02\x00\x00\x00f8", state, b"B" + struct.pack("<I", 32) + numbers)
    write("x.pkl", plain)(tmp_path)
    with (tmp_path / "x.pkl").open("rb") as file:
        assert safe_pickle.load(file, "x.pkl")["pose"][0].tolist() == [1, 2, 3, 4]
