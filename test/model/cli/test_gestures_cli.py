"""``usdrl gestures``: from recordings to a gesture that other recordings are searched for."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.gestures import GESTURE, performed, weights_with_background

from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.simulation.script import random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.segments import Segment


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    weights_with_background(folder / "weights")
    takes = [performed(seed, ("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0)) for seed in range(3)]
    write_set(folder / "takes", "own", takes)
    write_set(folder / "others", "own", [performed(11, ("idle", 4.0), (GESTURE, 2.5), ("idle", 2.0))])
    write_set(folder / "still", "own", [performed(12, ("idle", 4.0))])
    return folder


def usdrl(place: Path, verb: str, *arguments: str) -> int:
    both = ["--folder", str(place / "gestures")]
    weights = [] if verb == "list" else ["--weights", str(place / "weights"), "--device", "cpu"]
    return main.main(["gestures", verb, *arguments, *both, *weights])


def test_add_list_test_and_remove(place: Path, capsys) -> None:
    assert usdrl(place, "add", "both_up", str(place / "takes")) == 0
    assert capsys.readouterr().out.startswith("both_up: 3 examples of ")
    assert usdrl(place, "list") == 0
    assert [line[:15] for line in capsys.readouterr().out.splitlines()[2:]] == [f"| both_up | {n} |" for n in (1, 2, 3)]
    assert usdrl(place, "test", str(place / "others")) == 0
    assert "both_up" in capsys.readouterr().out
    assert usdrl(place, "remove", "both_up") == 0
    assert usdrl(place, "remove", "both_up") == 1
    assert "no gesture 'both_up'" in capsys.readouterr().err
    assert usdrl(place, "list") == 0
    assert "no gestures; usdrl gestures add makes one" in capsys.readouterr().out


def test_one_example_is_taken_back_by_the_number_of_the_list(place: Path, capsys) -> None:
    assert usdrl(place, "add", "one_less", str(place / "takes")) == 0
    usdrl(place, "list")
    first, second, third = [line.split("|")[5].strip() for line in capsys.readouterr().out.splitlines()[-3:]]
    assert usdrl(place, "remove", "one_less", "--example", "4") == 1
    assert "one_less: expected an example from 1 to 3, got 4: see usdrl gestures list" in capsys.readouterr().err
    assert usdrl(place, "remove", "one_less", "--example", "2") == 0
    assert capsys.readouterr().out.startswith(f"example 2, {second}, removed; one_less: 2 examples of ")
    usdrl(place, "list")
    assert [line.split("|")[5].strip() for line in capsys.readouterr().out.splitlines()[2:]] == [first, third]
    assert usdrl(place, "remove", "one_less", "--example", "1") == 0
    assert usdrl(place, "remove", "one_less", "--example", "1") == 1
    assert "example 1 is the only one: usdrl gestures remove one_less removes" in capsys.readouterr().err
    assert usdrl(place, "remove", "one_less") == 0
    assert usdrl(place, "remove", "one_less", "--example", "1") == 1
    assert "no gesture 'one_less'" in capsys.readouterr().err


@pytest.mark.parametrize("session", [None, "session"])
def test_of_a_continuous_recording_the_stretches_with_the_label_are_the_examples(
    place: Path, tmp_path, capsys, session: str | None
) -> None:
    take = performed(1, ("wave", 6.0), ("idle", 2.0), (GESTURE, 2.5), ("throw", 3.0))
    first, person = take.frames[0].stamp, take.frames[0].people[0].id
    shown = Segment(person, "mine", first + 7.5, first + 10.5)
    labelled = dataclasses.replace(take, name="long", segments=(shown,), labels=("mine", "session"), label=session)
    write_set(tmp_path / "takes", "own", [labelled])
    assert usdrl(place, "add", "of_a_label", str(tmp_path / "takes"), "--labels", "mine") == 0
    assert "moves for" not in capsys.readouterr().out
    assert usdrl(place, "list") == 0
    assert "long 7.5-10.5 s" in capsys.readouterr().out
    assert usdrl(place, "add", "of_a_label", str(tmp_path / "takes"), "--labels", "mine", "--from", "1.0") == 1
    assert "its stretches with --labels are the examples: leave out --from" in capsys.readouterr().err
    assert usdrl(place, "remove", "of_a_label") == 0


def test_a_background_holds_nothing_that_its_detector_refuses_live(place: Path, tmp_path: Path, capsys) -> None:
    one = simulate(PerformanceConfig(scripts=(random_script(np.random.default_rng(0), 240.0),)), 0)
    flat = tuple(dataclasses.replace(frame, flat=True) for frame in one.frames)
    write_set(tmp_path / "stores", "own", [one])
    write_set(tmp_path / "stores", "pictures", [dataclasses.replace(one, frames=flat)])
    made = ["gestures", "background", "--weights", str(place / "weights"), "--device", "cpu"]
    made += ["--store", str(tmp_path / "stores"), "--out", str(tmp_path / "b.safetensors")]
    assert main.main(made) == 0
    said = capsys.readouterr().out
    assert " windows of own, " in said and "pictures" not in said
    assert main.main([*made, "--sets", "pictures"]) == 1
    assert f"all joints are in a picture, which {place.name} refuses live" in capsys.readouterr().err


def test_a_streaming_detector_is_refused_before_its_background_is_missed(place: Path, capsys) -> None:
    arguments = ["--folder", str(place / "gestures"), "--weights", "hri_streaming", "--device", "cpu"]
    assert main.main(["gestures", "add", "both_up", str(place / "takes"), *arguments]) == 1
    assert "a streaming detector: gestures are told by one of windows, such as hri" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda joints: joints * [-1.0, -1.0, 1.0], "nobody is upright: joints of recordings have x to the sensor's"),
        (lambda joints: joints[:, [2, 0, 1]], "turn them; nothing is kept"),
        (lambda joints: joints * 1000.0, "millimetres? set units: mm"),
    ],
    ids=["upside down", "swapped axes", "millimetres"],
)
def test_people_who_do_not_look_like_people_are_refused(place: Path, tmp_path, capsys, change, words: str) -> None:
    right = performed(1, ("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0))
    frames = tuple(
        dataclasses.replace(frame, people=tuple(Person(one.id, change(one.joints)) for one in frame.people))
        for frame in right.frames
    )
    write_set(tmp_path / "takes", "own", [right, dataclasses.replace(right, name="wrong", frames=frames)])
    assert usdrl(place, "add", "of_wrong", str(tmp_path / "takes")) == 1
    error = capsys.readouterr().err
    assert "wrong: " in error and words in error and error.count("\n") == 1
    assert not (place / "gestures" / "of_wrong").exists()


def test_what_is_no_example_is_one_line_and_stores_nothing(place: Path, capsys) -> None:
    assert usdrl(place, "add", "still", str(place / "still")) == 1
    error = capsys.readouterr().err
    assert "the person did not move" in error
    assert error.count("\n") == 1
    assert usdrl(place, "add", "walk", str(place / "takes")) == 1
    assert "is an action of the weights" in capsys.readouterr().err
    assert not list((place / "gestures").glob("*"))


def test_damaged_gestures_are_named_after_those_that_can_be_listed(place: Path, capsys) -> None:
    for label in ("first", "second", "third"):
        assert usdrl(place, "add", label, str(place / "takes"), "--clip", "0") == 0
    for label in ("first", "third"):
        (place / "gestures" / label / "gesture.yaml").write_text("format: usdrl.gesture/1\n")
    capsys.readouterr()
    assert usdrl(place, "list") == 1
    said = capsys.readouterr()
    assert "| second | 1 |" in said.out
    assert "first/gesture.yaml" in said.err and "third/gesture.yaml" in said.err
    for label in ("first", "second", "third"):
        assert usdrl(place, "remove", label) == 0
