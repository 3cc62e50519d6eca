"""Calibration: temperatures and thresholds, on people whom the detector has not seen."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import calibration
from usdrl_model.evaluation.calibrate import with_thresholds
from usdrl_model.evaluation.calibration import CalibrationConfig, Point
from usdrl_model.evaluation.played import Played, play, play_cooled
from usdrl_model.events.onset_offset import EventConfig
from usdrl_model.inference import in_torch
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.windows.cut import Windows

LABELS = ("none", "wave")


def played(scores: list[float], *segments: Segment) -> Played:
    """One person at 10 Hz with these scores of "wave"."""
    stamps = 0.1 * np.arange(len(scores))
    frames = tuple(SkeletonFrame(float(stamp), (Person("1", np.zeros((25, 3))),)) for stamp in stamps)
    recording = Recording(name="r", topology="kinect_v2_25", frames=frames, segments=segments)
    wave = np.array(scores)
    return Played(recording, [("1", stamps, np.stack([1.0 - wave, wave], axis=1))])


def test_a_curve_counts_what_is_found_and_what_is_not_there() -> None:
    high, low, rest = [0.9] * 20, [0.6] * 20, [0.0] * 20
    one = played(
        rest + high + rest + low + rest + low + rest, Segment("1", "wave", 2.0, 4.0), Segment("1", AMBIGUOUS, 6.0, 8.0)
    )
    points = calibration.curve([one], "wave", 1, EventConfig(), (0.5, 0.8))
    hours = one.hours
    assert [point.recall for point in points] == [1.0, 1.0]
    assert [point.false_alarms * hours for point in points] == pytest.approx([1.0, 0.0])


def test_what_nobody_labelled_is_no_time_without_false_alarms() -> None:
    wrong = [*[0.0] * 30, *[0.9] * 30, *[0.0] * 40]
    labelled = played(wrong, Segment("1", "none", 0.0, 10.0))
    mostly_not = played(wrong + [0.0] * 900, Segment("1", AMBIGUOUS, 10.0, 100.0))
    alone, beside = (calibration.curve([one], "wave", 1, EventConfig(), (0.5,)) for one in (labelled, mostly_not))
    assert beside[0].false_alarms == pytest.approx(alone[0].false_alarms, rel=0.02)
    nothing = played(wrong, Segment("1", AMBIGUOUS, -1.0, 11.0))
    assert calibration.curve([nothing], "wave", 1, EventConfig(), (0.5,))[0].false_alarms == 0.0


def test_thresholds_share_a_budget_where_it_buys_most() -> None:
    def curve(*triples: tuple[float, float, float]) -> list[Point]:
        return [Point(threshold=t, recall=r, false_alarms=f) for t, r, f in triples]

    curves = {"cheap": curve((0.5, 0.9, 8.0), (0.9, 0.3, 0.0)), "dear": curve((0.5, 0.5, 90.0), (0.9, 0.4, 1.0))}
    chosen = calibration.choose(curves, 10.0, spread=1)
    assert {label: point.threshold for label, point in chosen.items()} == {"cheap": 0.5, "dear": 0.9}
    assert {point.threshold for point in calibration.choose(curves, 0.0, spread=1).values()} == {0.9}


def test_a_label_stays_near_the_threshold_of_all() -> None:
    tried = (0.5, 0.6, 0.7, 0.8, 0.9)

    def curve(recalls: tuple[float, ...], alarms: tuple[float, ...]) -> list[Point]:
        return [Point(threshold=t, recall=r, false_alarms=f) for t, r, f in zip(tried, recalls, alarms, strict=True)]

    curves = {
        "noisy": curve((0.9, 0.9, 0.8, 0.7, 0.6), (60.0, 30.0, 9.0, 3.0, 0.0)),
        "rare": curve((1.0, 0.5, 0.5, 0.5, 0.5), (0.0, 0.0, 0.0, 0.0, 0.0)),
        "never shown": [Point(threshold=0.9, recall=0.0, false_alarms=0.0)],
    }
    thresholds = {
        spread: [point.threshold for point in calibration.choose(curves, 10.0, spread).values()] for spread in (0, 1, 4)
    }
    assert thresholds == {0: [0.7, 0.7, 0.9], 1: [0.7, 0.7, 0.9], 4: [0.7, 0.5, 0.9]}


def test_a_temperature_cools_what_is_too_sure() -> None:
    torch.manual_seed(0)
    encoder = EncoderConfig(hidden=16, heads=2, people=1, frames=8)
    detector = Detector(DetectorConfig(labels=LABELS, encoder=encoder)).eval()
    x = torch.randn(600, 8, 1, 25, 3)
    with torch.no_grad():
        detector.dense.weight.mul_(8.0)
        y = torch.distributions.Categorical(logits=detector(x).frames / 4.0).sample()
    dense, _ = calibration.temperatures(detector, Windows(x, y, torch.ones_like(y, dtype=torch.bool)))
    assert dense == pytest.approx(4.0, rel=0.3)
    with torch.no_grad():
        before = detector(x).frames
        calibration.cool(detector, dense, 1.0)
        torch.testing.assert_close(detector(x).frames, before / dense)


def test_what_nobody_knows_sets_no_temperature() -> None:
    torch.manual_seed(0)
    encoder = EncoderConfig(hidden=16, heads=2, people=1, frames=8)
    detector = Detector(DetectorConfig(labels=LABELS, encoder=encoder)).eval()
    x, y = torch.randn(20, 8, 1, 25, 3), torch.zeros(20, 8, dtype=torch.int64)
    seen = torch.zeros_like(y, dtype=torch.bool)
    with pytest.raises(ValueError, match="sources: nobody knows what people do in any frame"):
        calibration.temperatures(detector, Windows(x, y, seen))
    seen[:, -1] = True  # too little of a window to say what it shows
    _, recognition = calibration.temperatures(detector, Windows(x, y, seen))
    assert recognition == 1.0


def test_one_run_of_the_network_gives_posteriors_before_and_after_a_temperature() -> None:
    torch.manual_seed(0)
    weights = detector_file.load("hri", "cpu")
    recording = performance(seed=3, people=1, faults="none", seconds=6.0)
    before, after = play_cooled(in_torch.accelerate(weights), [recording], 2.0)
    expected = play(in_torch.accelerate(weights), [recording])
    calibration.cool(weights.trained, 2.0, 1.0)
    cooled = play(in_torch.accelerate(weights), [recording])
    for mine, theirs in ((before, expected), (after, cooled)):
        for (_, stamps, scores), (_, right_stamps, right) in zip(mine[0].tracks, theirs[0].tracks, strict=True):
            np.testing.assert_array_equal(stamps, right_stamps)
            np.testing.assert_allclose(scores, right, rtol=0.0, atol=1e-5)
    assert np.abs(before[0].tracks[0][2] - after[0].tracks[0][2]).max() > 0.05


def test_the_error_is_the_distance_of_sureness_and_truth() -> None:
    sure = played([0.8] * 100, Segment("1", "wave", 0.0, 20.0))
    assert calibration.calibration_error([sure], LABELS) == pytest.approx(0.2)
    half = played([0.8] * 100, Segment("1", "wave", 0.0, 7.95))
    assert calibration.calibration_error([half], LABELS) == pytest.approx(0.0, abs=0.02)


def test_the_error_counts_what_one_segment_is_sure_of_and_leaves_out_what_is_only_ambiguous() -> None:
    wave, doubt = Segment("1", "wave", 0.0, 4.95), Segment("1", AMBIGUOUS, 2.5, 20.0)
    one = played([0.6] * 50 + [0.9] * 50, wave, doubt)
    assert calibration.calibration_error([one], LABELS) == pytest.approx(0.4)
    first = played([0.6] * 25 + [0.9] * 75, wave, doubt)
    assert calibration.calibration_error([first], LABELS) == pytest.approx((25 * 0.4 + 25 * 0.1) / 50)


def test_people_of_the_training_are_refused() -> None:
    made = Provenance(data=(DataUsed(set="utkinect", subjects=("01", "03")),), complete=True)
    config = CalibrationConfig(sources=(SourceConfig(name="utkinect", subjects=("03", "05")),))
    with pytest.raises(ValueError, match=r"sources\[0\]\.subjects: expected people of utkinect.*got 03"):
        calibration.check_unseen(config, made)
    calibration.check_unseen(
        dataclasses.replace(config, sources=(SourceConfig(name="utkinect", subjects=("05",)),)), made
    )
    larger = Provenance(data=(DataUsed(set="ntu120", subjects=("003",)),), complete=True)
    same = CalibrationConfig(sources=(SourceConfig(name="ntu60", subjects=("003", "005")),))
    with pytest.raises(ValueError, match="expected people of ntu60 .*got 003"):  # who are in both sets
        calibration.check_unseen(same, larger)


def test_a_share_of_a_source_is_refused_because_all_of_it_counts() -> None:
    with pytest.raises(ValueError, match="sources: share of utkinect: everybody counts by how long they are seen"):
        CalibrationConfig(sources=(SourceConfig(name="utkinect", subjects=("05",), share=0.5),))


def test_the_command_writes_weights_with_thresholds_and_whom_they_are_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated = performance(seed=3, people=1, faults="none", seconds=6.0)
    write_set(tmp_path / "stores", "own", [dataclasses.replace(simulated, name="one", subject="ann")])
    (tmp_path / "c.yaml").write_text("sources: [{name: own, subjects: [ann]}]\nfalse_alarms: 100\n")
    command = ["calibrate", "hri", "--config", str(tmp_path / "c.yaml"), "--data", str(tmp_path / "stores")]
    assert main.main([*command, "--out", str(tmp_path / "w")]) == 0
    assert "expected calibration error" in capsys.readouterr().out
    before, after = detector_file.load("hri", "cpu").config, detector_file.load(tmp_path / "w", "cpu").config
    assert after.stream.events.label_on_threshold.keys() == set(before.detector.labels[1:])
    assert [one.stage for one in after.provenance.data if one.set == "own"] == ["calibration"]
    assert after.provenance.data[: len(before.provenance.data)] == before.provenance.data
    card = (tmp_path / "w" / "README.md").read_text(encoding="utf-8")
    assert "| your own recordings (own) | calibration | subjects ann |" in card
    assert "100 false alarms an hour allowed" in card and '- "pull", "carry" and "cross_arms" come from one set' in card
    scores = card[card.index("## Scores") : card.index("## Limits")]
    assert "| calibration on own (subjects ann) |" in scores and "recall in %, 0 of what nobody shows: wave " in scores
    assert f"`usdrl {' '.join(command)} --out {tmp_path / 'w'}`" in scores and "MSRC-12" not in scores
    assert main.main([*command, "--out", str(tmp_path / "w")]) == 1
    assert f"{tmp_path / 'w'} is there already: choose another name, or remove it" in capsys.readouterr().err


def test_a_clip_that_the_detector_has_no_label_for_says_what_to_write_in_the_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated = dataclasses.replace(performance(seed=3, people=1, faults="none", seconds=6.0), subject="ann")
    clip = dataclasses.replace(simulated, name="two", segments=(), label="juggle", labels=("juggle",))
    write_set(tmp_path / "stores", "own", [dataclasses.replace(simulated, name="one"), clip])
    (tmp_path / "c.yaml").write_text("sources: [{name: own, subjects: [ann]}]\nfalse_alarms: 100\n")
    command = ["calibrate", "hri", "--config", str(tmp_path / "c.yaml"), "--data", str(tmp_path / "stores")]
    assert main.main([*command, "--out", str(tmp_path / "w")]) == 1
    told = capsys.readouterr().err
    assert "two: juggle not among the labels" in told
    assert "say in the source what each of its labels is (labels: {juggle: none, ...}), or" in told


def test_a_single_file_is_refused_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "w.safetensors"
    assert main.main(["calibrate", "hri", "--config", str(tmp_path / "missing.yaml"), "--out", str(file)]) == 1
    assert f"{file}: expected a folder, because detectors are loaded from folders" in capsys.readouterr().err


def test_thresholds_alone_change_nothing_else_of_the_pipeline() -> None:
    weights = detector_file.load("free_streaming", "cpu")
    found = with_thresholds(
        weights, CalibrationConfig(sources=(SourceConfig(name="performer", minutes=1),)), None
    ).config.stream
    assert dataclasses.replace(found, events=weights.config.stream.events) == weights.config.stream
    assert found.events.label_on_threshold.keys() == set(weights.config.detector.labels[1:])


def test_thresholds_below_which_an_action_ends_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from usdrl_model.training.finetuning import sources

    def never(*_: object) -> None:
        raise AssertionError("data are read")

    write_set(tmp_path / "stores", "own", [dataclasses.replace(performance(seed=3, seconds=3.0), subject="ann")])
    monkeypatch.setattr(sources, "recordings", never)
    (tmp_path / "c.yaml").write_text("sources: [{name: own, subjects: [ann]}]\nthresholds: [0.1, 0.5]\n")
    command = ["calibrate", "hri", "--config", str(tmp_path / "c.yaml"), "--data", str(tmp_path / "stores")]
    assert main.main([*command, "--out", str(tmp_path / "w")]) == 1
    off = detector_file.load("hri", "cpu").config.stream.events.off_threshold
    told = f"thresholds: expected scores from the detector's off_threshold ({off:g}) on, got 0.1: leave out"
    assert told in capsys.readouterr().err
    weights = detector_file.load("free_streaming", "cpu")
    alone = CalibrationConfig(sources=(SourceConfig(name="performer", minutes=1),), thresholds=(0.1,))
    with pytest.raises(ValueError, match="thresholds: expected scores from the detector's off_threshold"):
        with_thresholds(weights, alone, None)


def test_changes_may_stand_behind_the_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("sources: [{name: own, subjects: [ann]}]\n")
    command = ["calibrate", "hri", "--config", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "w")]
    assert main.main([*command, "false_alarms=-1"]) == 1
    assert "false_alarms: expected" in capsys.readouterr().err
    assert main.main([*command, "thresholds=[-0.4, 0.5]"]) == 1
    assert "thresholds: expected scores in (0, 1], got [-0.4, 0.5]" in capsys.readouterr().err
    for word in ("false_alarms", "--false-alarms=1"):
        with pytest.raises(SystemExit):
            main.main([*command, word])
        assert f"unrecognized arguments: {word}" in capsys.readouterr().err
