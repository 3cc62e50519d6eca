"""Tasks on whole recordings: scores, action points, stopping and going on."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from helpers.continuous_recordings import (
    CPU,
    ENCODER,
    LABELS,
    NETWORKS,
    SETTINGS,
    Rule,
    as_instants,
    benchmark,
    perfect,
    recording,
)

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.data.store import Store
from usdrl_model.evaluation.baselines.contract import FitFrames
from usdrl_model.evaluation.benchmark import Task
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.networks import Networks, by_title
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.recordings import config as continuous_config
from usdrl_model.evaluation.recordings import methods, scores
from usdrl_model.evaluation.recordings.config import ContinuousConfig
from usdrl_model.evaluation.recordings.fit_and_score import fit_and_score
from usdrl_model.evaluation.recordings.instants import InstantConfig, Instants
from usdrl_model.evaluation.recordings.methods import Detecting, FrameMethod, Tcn
from usdrl_model.evaluation.recordings.smoothing import DecodingConfig, decode
from usdrl_model.evaluation.report import charts, pictures
from usdrl_model.evaluation.result import Cell
from usdrl_model.events.config import StreamConfig
from usdrl_model.metrics import segment_scores
from usdrl_model.metrics.action_points import ActionPoint
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.windows.cut import Windows

# Scores


@pytest.mark.parametrize("decoder", ["min_length", "viterbi"])
def test_perfect_scores_are_perfect(decoder: Literal["min_length", "viterbi"]) -> None:
    predicted = [perfect(recording("a", "1", start=100.0)), perfect(recording("b", "2", start=50.0))]
    decoding = DecodingConfig(smoothing=0.0, decoder=decoder, min_length=0.5)
    segmentation = scores.segmentation(predicted, LABELS, decoding)
    assert segmentation.scores == dict.fromkeys(segmentation.scores, 100.0)
    confusion = np.array(segmentation.details["confusion"]["all"])
    assert confusion.sum() == np.trace(confusion) == 400
    detection = scores.detection(predicted, LABELS, decoding)
    unsure = {"mAP_action", "mAP_video", "pku_f1"}  # 0.03 in the background is above 0.02: one long proposal
    assert {name: score for name, score in detection.scores.items() if name not in unsure} == pytest.approx(
        dict.fromkeys(detection.scores.keys() - unsure, 100.0)
    )
    sure = scores.detection([perfect(recording("a", "1"), sure=0.99)], LABELS, decoding)
    assert sure.scores["mAP_action"] == sure.scores["mAP_video"] == sure.scores["pku_f1"] == pytest.approx(100.0)
    assert detection.details["precision_recall"]["hand_up"]["recall"][-1] == 1.0
    assert [[round(x, 2) for x in found[1:]] for found in detection.details["timelines"][0]["found"]] == [
        pytest.approx([1.97, 4.03], abs=0.02), pytest.approx([5.97, 7.53], abs=0.02)
    ]  # fmt: skip


def test_a_broken_action_is_mended_by_decoding() -> None:
    predicted = perfect(recording("a", "1"))
    predicted.posterior[[50, 60, 61]] = predicted.posterior[[50, 60, 61], ::-1]
    raw = scores.segmentation([predicted], LABELS, DecodingConfig(smoothing=0.0, min_length=0.0)).scores
    assert raw["f1@50"] < 60.0 and raw["frame_accuracy"] > 98.0
    for decoding in (DecodingConfig(smoothing=0.0), DecodingConfig(smoothing=0.0, decoder="viterbi")):
        assert scores.segmentation([predicted], LABELS, decoding).scores["f1@50"] == 100.0
    assert (
        len(segment_scores.label_runs(decode(predicted.posterior, 20.0, DecodingConfig(smoothing=0.5, min_length=0.0))))
        == 2
    )


# Whole runs


def test_both_tasks_need_one_training_and_finished_cells_none(tmp_path: Path, segments: Store) -> None:
    rule = Rule()
    cells, made = Cells(tmp_path / "cells"), benchmark("utkinect", "cross_subject", "segmentation", "detection")
    (cell,) = fit_and_score(made, "segmentation", segments, [rule], NETWORKS, settings=SETTINGS, seeds=[0], cells=cells)
    assert cell.scores["all"]["f1@50"] == 100.0
    assert cell.scores["all"]["frame_accuracy"] > 97.0
    assert cell.labels == LABELS
    assert len(rule.fitted) == 1
    (other,) = fit_and_score(made, "detection", segments, [rule], NETWORKS, settings=SETTINGS, seeds=[0], cells=cells)
    assert other.scores["all"]["decoded_mAP_action"] == 100.0
    assert other.seconds == cell.seconds
    smoother = dataclasses.replace(SETTINGS, decoding=DecodingConfig(smoothing=4.0, min_length=5.0))
    (coarse,) = fit_and_score(
        made, "segmentation", segments, [rule], NETWORKS, settings=smoother, seeds=[0], cells=cells
    )
    assert coarse.scores["all"]["f1@50"] < 100.0
    again = fit_and_score(made, "segmentation", segments, [rule], NETWORKS, settings=SETTINGS, seeds=[0], cells=cells)
    assert [Cell.from_dict(one.to_dict()) for one in again] == [Cell.from_dict(cell.to_dict())]
    assert len(rule.fitted) == 1
    fit_and_score(made, "segmentation", segments, [rule], NETWORKS, settings=SETTINGS, seeds=[1], cells=cells)
    assert len(rule.fitted) == 2
    for found in (cell, other):
        assert pictures.write_pictures([found], tmp_path / found.task)


def test_the_command_fine_tunes_a_detector_and_writes_its_scores(tmp_path: Path, segments: Store) -> None:
    made = benchmark("utkinect", "cross_subject", "segmentation")
    config.dump(made, tmp_path / "made.yaml")
    config.dump(SETTINGS, tmp_path / "settings.yaml")
    untrained = Detector(DetectorConfig(labels=LABELS, encoder=ENCODER, rate=10.0))
    detector_file.save(tmp_path / "weights", untrained, StreamConfig(), Provenance())
    options = {
        "--task": "segmentation",
        "--benchmark": tmp_path / "made.yaml",
        "--weights": tmp_path / "weights",
        "--methods": "fine-tuned",
        "--seeds": 0,
        "--recipe": tmp_path / "settings.yaml",
        "--data": tmp_path / "stores",
        "--out": tmp_path / "out",
        "--threads": 1,
    }
    assert main.main(["evaluate", *(str(word) for option in options.items() for word in option)]) == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert result["table"][0]["method"] == "fine-tuned"
    assert result["table"][0]["scores"]["all"]["f1@50"]["mean"] == 100.0
    assert (tmp_path / "out" / "timelines.png").stat().st_size > 1000


def test_usual_methods_follow_the_weights(tmp_path: Path) -> None:
    detector_file.save(tmp_path, Detector(DetectorConfig(labels=LABELS, encoder=ENCODER)), StreamConfig(), Provenance())
    given = Pretrained.open(tmp_path)
    scratch, tuned = ("from scratch", "from scratch, with TCN"), ("fine-tuned", "fine-tuned, with TCN")
    fused = (
        "fine-tuned", "fine-tuned, fused", "fine-tuned, with TCN",
        "from scratch", "from scratch, fused", "from scratch, with TCN", "TCN",
    )  # fmt: skip
    for weights, names in (
        ([], (*scratch, "TCN")), ([given], (*tuned, *scratch, "TCN")), ([given, given], fused)
    ):  # fmt: skip
        usual = methods.usual(len(weights))
        assert tuple(method.title for method in usual) == names
        networks = Networks(weights=weights, recipe=SETTINGS.recipe, people=2, device=CPU)
        networks.check(usual)
        people = [2 if not weights or method == Tcn() else 1 for method in usual]
        assert [method.window(networks).people for method in usual] == people
        assert {method.window(networks).frames for method in usual} == {16}


def test_a_detector_with_a_tcn_says_the_mean_of_what_both_say(monkeypatch: pytest.MonkeyPatch) -> None:
    says = {"detector": torch.tensor([0.9, 0.1]), "TCN": torch.tensor([0.3, 0.7])}

    def fit(name: str) -> FitFrames:
        return lambda windows, classes, *, seed: lambda windows: says[name].log().expand(*windows.shape[:2], 2)

    monkeypatch.setattr(methods, "fit_detector", lambda run, device: fit("detector"))
    monkeypatch.setattr(methods, "fit_tcn", fit("TCN"))
    asked: tuple[FrameMethod, ...] = (Detecting(init="random"), Tcn(), Detecting(init="random", tcn=True))
    windows = Windows(torch.zeros(2, 16, 1, 25, 3), torch.zeros(2, 16, dtype=torch.long), torch.ones(2, 16).bool())
    for method, first in zip(asked, (0.9, 0.3, 0.6), strict=True):
        found = method.fit(NETWORKS, windows, 2, seed=0).scores(windows.x).softmax(dim=-1)
        torch.testing.assert_close(found, torch.tensor([first, 1.0 - first]).expand(2, 16, 2))


def test_action_points_are_found_and_the_threshold_comes_from_people_held_out(tmp_path: Path, points: Store) -> None:
    rule = Rule()
    made = benchmark("msrc12", "held_out_persons", "detection")
    (cell,) = fit_and_score(
        made, "detection", points, [rule], NETWORKS, settings=SETTINGS, seeds=[0], cells=Cells(tmp_path / "cells")
    )
    assert rule.fitted[1] == 2 * rule.fitted[0]  # without p02 for the threshold, then with both
    assert cell.scores["all"]["action_point_recall"] == 100.0
    assert cell.scores["all"]["action_point_f1"] == 100.0
    (threshold,) = cell.details["thresholds"].values()
    assert 0.0 < threshold < 1.0
    (timeline,) = cell.details["timelines"]
    assert [label for label, *_ in timeline["found"]] == ["hand_up", "hand_up"]
    assert pictures.write_pictures([cell], tmp_path)


def test_a_gesture_that_nothing_finds_counts_in_the_mean_of_its_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = (*LABELS, "duck")
    one = perfect(as_instants(recording("a", "p13")), labels)
    up = tuple(ActionPoint(segment.label, segment.start) for segment in one.video.segments)
    found = Instants(truth=(*up, ActionPoint("duck", 108.0)), found=tuple((0.9, point) for point in up))
    outcome = scores.action_points([one], [found], [up], labels)
    assert outcome.details["precision_recall"]["duck"] == {"precision": [], "recall": []}
    assert outcome.scores["action_point_recall"] == 50.0
    bars: dict[str, list[float]] = {}
    monkeypatch.setattr(charts, "draw_bars", lambda _, values, *__, **___: bars.update(values))
    cell = Cell(
        task="detection", benchmark="made", method="rule", seed=0, scores={"all": outcome.scores}, seconds=1.0,
        labels=labels, details=outcome.details,
    )  # fmt: skip
    pictures.write_pictures([cell], tmp_path)
    np.testing.assert_allclose(bars["rule"], [np.nan, 100.0, 0.0])


def test_what_cannot_be_done_is_said_before_anything_is_fitted(tmp_path: Path, points: Store) -> None:
    rule = Rule()
    made = benchmark("msrc12", "held_out_persons", "detection", "segmentation")

    def go(task: Task, settings: ContinuousConfig) -> None:
        fit_and_score(made, task, points, [rule], NETWORKS, settings=settings, seeds=[0], cells=Cells(tmp_path))

    with pytest.raises(ValueError, match="instants: take detection"):
        go("segmentation", SETTINGS)
    for names in ((), ("p13",), ("p01", "p02")):
        with pytest.raises(ValueError, match=r"held_out: expected some of the training people \['p01', 'p02'\]"):
            go("detection", dataclasses.replace(SETTINGS, instants=InstantConfig(held_out=names)))
    assert not rule.fitted
    with pytest.raises(ValueError, match="need weights"):
        NETWORKS.check([Detecting()])
    with pytest.raises(ValueError, match="unknown methods 'TNC'; did you mean 'TCN'"):
        by_title(methods.METHODS, ["TNC"])


@pytest.mark.parametrize("data", ["utkinect", "msrc12", "pku_mmd_1", "pku_mmd_2", "cmu_mocap"])
def test_settings_come_with_the_package(data: str) -> None:
    of = continuous_config.of(data)
    assert (of.windows == "end_to_end") == data.startswith("pku")
    assert bool(of.instants.held_out) == (data == "msrc12")
