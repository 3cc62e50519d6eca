"""What is labelled as ambiguous is no class, is not learnt from, and what is found there is neither right nor wrong."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.continuous_recordings import CUT, LABELS, NETWORKS, SETTINGS, Rule, as_instants, benchmark, recording
from helpers.tiny_finetuning import RUN

from usdrl_model.data.importers import own
from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.benchmark import Task
from usdrl_model.evaluation.benchmark_store import classes, open_benchmark
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.recordings import frame_scores, instants, scores
from usdrl_model.evaluation.recordings.fit_and_score import fit_and_score
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.evaluation.recordings.scores import Predicted
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings

START = 100.3


def doubtful(one: Recording, *, listed: bool = True) -> Recording:
    """The same, of whose second action nobody knows what it is."""
    first, second = one.segments
    named = (*one.labels, AMBIGUOUS) if listed else one.labels
    return dataclasses.replace(one, segments=(first, dataclasses.replace(second, label=AMBIGUOUS)), labels=named)


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("windows", ["sliding", "end_to_end"])
@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_a_perfect_method_is_perfect(tmp_path: Path, listed: bool, windows: str, task: Task) -> None:
    """As it finds the second action, too, of which nobody knows what it is."""
    people = [doubtful(recording(f"s{n}", f"{n:02}"), listed=listed) for n in (1, 2, 3)]
    write_set(tmp_path / "stores", "utkinect", people)
    made = benchmark("utkinect", "cross_subject", task)
    store = open_benchmark(made, tmp_path / "stores", task)
    assert classes(store, task) == LABELS[1:]
    rate = 20.0 if windows == "end_to_end" else 10.0
    recipe = dataclasses.replace(SETTINGS.recipe, detector=dataclasses.replace(SETTINGS.recipe.detector, rate=rate))
    settings = dataclasses.replace(SETTINGS, windows=windows, recipe=recipe)
    (cell,) = fit_and_score(
        made, task, store, [Rule()], NETWORKS, settings=settings, seeds=[0], cells=Cells(tmp_path / "cells")
    )
    names = ("f1@50",) if task == "segmentation" else ("f1@50", "mAP_action", "decoded_mAP_action", "decoded_pku_f1")
    assert {name: cell.scores["all"][name] for name in names} == pytest.approx(dict.fromkeys(names, 100.0))
    assert {label for line in cell.details["timelines"] for label, *_ in line["truth"]} == {"hand_up"}


@pytest.mark.parametrize("windows", ["sliding", "end_to_end"])
def test_nothing_is_learnt_from_it_and_its_frames_are_not_scored(tmp_path: Path, windows: str) -> None:
    write_set(tmp_path, "utkinect", [doubtful(recording("s1", "01"))])
    how = dataclasses.replace(CUT, windows=windows, rate=20.0, training_stride=1)
    learnt = frame_scores.training(Store.open(tmp_path), LABELS, how)
    newest = learnt.y[:, -1][learnt.seen[:, -1]] if windows == "sliding" else learnt.y[learnt.seen]
    assert torch.bincount(newest).tolist() == pytest.approx([20 * 6.5, 20 * 2.0], abs=10)
    (video,) = frame_scores.videos(Store.open(tmp_path), LABELS, how)
    assert (~video.known).sum() == pytest.approx(20 * 1.5, abs=2)
    assert [segment.label for segment in video.segments] == ["hand_up"]
    always_up = lambda x: torch.tensor([0.0, 9.0]).expand(*x.shape[:2], 2)  # noqa: E731
    assert frame_scores.score(video, always_up, 2)[:, 1].min() > 0.99, "what is found before may go on meanwhile"


def test_instants_found_there_are_no_false_ones() -> None:
    one = as_instants(recording("s1", "p01"))
    doubt = Segment("1", AMBIGUOUS, START + 5.5, START + 8.0)
    (video,) = frame_scores.sliding(dataclasses.replace(one, segments=(one.segments[0], doubt)), LABELS, CUT)
    posterior = np.tile([1.0, 0.0], (video.frames, 1))
    for at in (3.0, 5.0, 6.7):  # right, wrong, and nobody knows
        posterior[round(10 * at)] = [0.1, 0.9]
    found = instants.find(video, posterior, LABELS, dataclasses.replace(SETTINGS.instants, smoothing=0.0))
    assert [round(point.stamp - START) for _, point in found.found] == [3, 5]
    assert [point.label for point in found.truth] == ["hand_up"]


def test_a_clip_of_which_nobody_knows_what_it_shows_is_no_example(tmp_path: Path) -> None:
    clips = [dataclasses.replace(recording(label, "01"), segments=(), label=label) for label in ("hand_up", AMBIGUOUS)]
    write_set(tmp_path, "utkinect", [dataclasses.replace(one, labels=("hand_up", AMBIGUOUS)) for one in clips])
    store = Store.open(tmp_path)
    assert classes(store, "recognition") == ("hand_up",)
    assert labelled(store, CUT.shape, "utkinect").labels == ("hand_up",)
    for table in ({}, {"hand_up": "hand_up"}):
        source = SourceConfig(name="utkinect", subjects=("01",), window="clip", labels=table)
        assert [one.label for one in recordings(source, store, 0, RUN.detector)] == ["hand_up"]


def test_of_a_recording_of_ones_own_it_is_no_label(tmp_path: Path) -> None:
    said = np.array([["1", "wave", "1.0", "1.3"], ["1", AMBIGUOUS, "1.3", "1.9"]])
    np.savez(tmp_path / "a.npz", joints=np.zeros((10, 1, 25, 3)), rate=10.0, topology="kinect_v2_25", segments=said)
    (found,) = own.load(tmp_path)
    assert found.labels == ("wave",) and [segment.label for segment in found.segments] == ["wave", AMBIGUOUS]


def test_a_recording_of_which_nobody_knows_anything_has_no_scores() -> None:
    one = recording("s1", "01")
    everything = (Segment("1", AMBIGUOUS, START - 1.0, START + 20.0),)
    (video,) = frame_scores.sliding(
        dataclasses.replace(one, segments=everything), LABELS, Cut(rate=10.0, shape=CUT.shape)
    )
    up = Predicted(video, np.tile([0.0, 1.0], (video.frames, 1)))
    for way in (scores.segmentation, scores.detection):
        outcome = way([up], LABELS, SETTINGS.decoding)
        assert np.isnan(outcome.scores["f1@50"])
