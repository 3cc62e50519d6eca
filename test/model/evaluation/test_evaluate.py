"""One task of one benchmark with given weights: what of them is used as it is, and what is refused."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from helpers.small_benchmark import BENCHMARK, CPU, ENCODER, LABELS, RECIPE, recording, utd, weights
from helpers.streaming import ENCODER as STREAMING_ENCODER

from usdrl_model import config
from usdrl_model.checkpoints import detector_file, hub, official
from usdrl_model.cli import main
from usdrl_model.data.labelled_clips import Labelled, labelled
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.benchmark import Task, TaskSettings
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.clips import examples
from usdrl_model.evaluation.evaluate import described, evaluate
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.result import Cell
from usdrl_model.evaluation.suite_file import Evaluation
from usdrl_model.network.config import EncoderConfig
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.windows.shape import WindowShape


def scored(tmp_path: Path, shape: EncoderConfig, task: Task, *titles: str) -> list[Cell]:
    config.dump(dataclasses.replace(RECIPE, steps=2), tmp_path / "recipe.yaml")
    found, _ = evaluate(
        BENCHMARK,
        task,
        weights=[Pretrained.open(weights(tmp_path / "weights", shape))],
        data=utd(tmp_path / "stores"),
        cells=Cells(tmp_path / "cells"),
        device=CPU,
        titles=titles,
        seeds=[0],
        recipe=tmp_path / "recipe.yaml",
    )
    return found


def test_weights_of_a_streaming_detector_tell_clips_apart(tmp_path: Path) -> None:
    found = scored(tmp_path, STREAMING_ENCODER, "recognition", "linear", "1-NN", "fine-tuned")
    assert [cell.method for cell in found] == ["linear", "1-NN", "fine-tuned"]


def kinect_v1(folder: Path) -> Path:
    """The made-up benchmark in the twenty joints of the sensor before."""
    shown = (recording(f"{label}{who}", label, who) for who in "1234" for label in LABELS)
    write_set(folder, "utd_mhad", map(without_five_joints, shown))
    return folder


def without_five_joints(one: Recording) -> Recording:
    frames = (
        dataclasses.replace(
            frame, people=tuple(dataclasses.replace(body, joints=body.joints[:20]) for body in frame.people)
        )
        for frame in one.frames
    )
    return dataclasses.replace(one, topology="kinect_v1_20", frames=tuple(frames))


@pytest.mark.parametrize("form", ["official", "converted", "own"])
@pytest.mark.parametrize(("data", "theirs"), [(utd, True), (kinect_v1, False)])
def test_official_weights_see_the_windows_of_their_authors_where_the_sensor_is_theirs(
    form: str, data: Callable[[Path], Path], theirs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = weights(tmp_path / "weights", EncoderConfig(hidden=16))
    official.write(tmp_path / "official.pth.tar", hub.find(own))
    given = {"official": tmp_path / "official.pth.tar", "converted": tmp_path / "converted", "own": own}
    assert main.main(["convert", str(given["official"]), str(given["converted"])]) == 0
    shapes = []

    def spied(clips: Iterable[Clip], shape: WindowShape, *others: Any) -> Labelled:
        shapes.append(shape)
        return labelled(clips, shape, *others)

    monkeypatch.setattr(examples, "labelled", spied)
    _, about = evaluate(
        BENCHMARK, "retrieval", weights=[Pretrained.open(given[form])], data=data(tmp_path / "stores"),
        cells=Cells(tmp_path / "cells"), device=CPU, titles=["1-NN", "1-NN DTW"], seeds=[0],
    )  # fmt: skip
    network, baseline = shapes[0], shapes[-1]
    assert network.official == (form != "own" and theirs)
    assert not baseline.official
    assert ("raw joints, centred and turned as the authors give them" in about["weights"]) == network.official
    assert ("see other windows here" in about["weights"]) == (form != "own" and not theirs)


def test_a_detector_starts_from_the_weights_of_one(tmp_path: Path) -> None:
    live = dataclasses.replace(BENCHMARK, tasks={"stream": TaskSettings(metric="stream_recall", heads=("dense",))})
    given = Pretrained.open(weights(tmp_path / "weights"))
    with pytest.raises(ValueError, match="stream: expected weights of one encoder or detector, got 2"):
        evaluate(
            live, "stream", weights=[given, given], data=utd(tmp_path / "stores"), cells=Cells(tmp_path / "cells"),
            device=CPU,
        )  # fmt: skip
    with pytest.raises(ValueError, match="expected weights of one encoder or detector, got 2"):
        Evaluation(benchmark="sbu", task="stream", weights=("one", "other")).checked(live)


@pytest.mark.parametrize(
    ("task", "causal", "expected"),
    [
        ("recognition", True, True),
        ("recognition", False, False),
        ("early_prediction", False, True),
    ],
)
def test_an_encoder_stays_as_it_is_but_for_early_prediction(
    task: Task, causal: bool, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    check = Networks.check
    monkeypatch.setattr(
        Networks, "check", lambda self, methods: (asked.append(self.shape.causal), check(self, methods))
    )
    scored(tmp_path, dataclasses.replace(ENCODER, causal=causal), task, "1-NN")
    assert asked == [expected]


def test_weights_of_a_detector_are_named_as_the_node_names_them(tmp_path: Path) -> None:
    node = detector_file.load("default", "cpu").describe()
    told = described(Pretrained.open("default"), BENCHMARK, Store.open(utd(tmp_path / "stores")))
    assert told.startswith(f"{node['weights']} ({node['hash']}), ")
