"""Labels that are not of the bag beside which they lie are told by every command, and by none scored or learnt from."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said

from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_ros.bags import evaluate
from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import load_truth, save_truth
from usdrl_ros.bags.write import write_recording

OUTSIDE = "labels are outside of the bag's time"


def evaluated(bag: Path) -> int:
    return evaluate.main([str(bag), "--device", "cpu", "--out", str(bag.parent / "out")])


def stored(bag: Path) -> int:
    return main(["store", str(bag.parent / "stores"), str(bag)])


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    write_recording(acted(), tmp_path / "bag")
    return tmp_path / "bag"


def relabelled(bag: Path, *segments: Segment) -> None:
    save_truth(replace(load_truth(bag), segments=segments), bag)


def test_labels_all_of_which_are_of_another_time_are_an_error(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (right,) = load_truth(bag).segments
    relabelled(bag, replace(right, start=1.0, end=2.0))  # seconds from the first frame
    for command in (evaluated, stored, lambda bag: main(["info", str(bag)])):
        assert command(bag) == 1
        assert f"1 of 1 {OUTSIDE}, 10.0" in said(capsys)
    assert not (bag.parent / "out" / "results.json").exists() and not (bag.parent / "stores" / "own").exists()


def test_some_labels_of_another_time_are_told_and_not_learnt_from(
    bag: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (right,) = load_truth(bag).segments
    relabelled(bag, right, replace(right, start=99.0, end=100.0))
    assert main(["info", str(bag)]) == 0
    assert f"note: 1 of 2 {OUTSIDE}" in said(capsys)
    assert evaluated(bag) == 0
    assert f"**bag: 1 of 2 {OUTSIDE}" in said(capsys)
    assert stored(bag) == 1
    assert f"1 of 2 {OUTSIDE}" in said(capsys)
    relabelled(bag, right)
    assert stored(bag) == 0
    assert OUTSIDE not in said(capsys)


def renumbered(recording: Recording, after: float) -> Recording:
    """The one person is another one's id from a stamp on."""
    frames = tuple(
        replace(frame, people=tuple(replace(one, id="7" if frame.stamp > after else one.id) for one in frame.people))
        for frame in recording.frames
    )
    return replace(recording, frames=frames)


def test_actions_of_somebody_who_has_another_number_then_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = tmp_path / "bag"
    write_recording(renumbered(acted(), 10.9), bag)  # waves from 11 s on
    said_of_it = "1 segments of person 1 lie where 1 is in no message (7 is)"
    (right,) = load_truth(bag).segments
    for point in (replace(right, start=11.5), replace(right, start=11.5, end=11.5)):
        relabelled(bag, point, replace(right, label=AMBIGUOUS))
        assert main(["info", str(bag)]) == 0
        assert said_of_it in said(capsys)
    relabelled(bag, replace(right, start=11.5))
    assert evaluated(bag) == 0
    assert f"**bag: {said_of_it}.**" in said(capsys)
    assert stored(bag) == 0
    assert said_of_it in said(capsys)
    relabelled(bag, replace(right, start=11.5, person="7"), replace(right, start=10.0, end=10.5))
    assert main(["info", str(bag)]) == 0
    assert "in no message" not in said(capsys)
