"""What is learnt of two people whose set labels the scene: PKU-MMD, in the format of its authors."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.people import pose
from helpers.tiny_finetuning import ENCODER, RUN

from usdrl_model.data.importers import pku_mmd
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training.finetuning.labels import vocabulary_of
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings
from usdrl_model.windows.cut import Windows, cut
from usdrl_model.windows.tracklets import tracklets

LABELS = ("none", "hug", "drink")
VOCABULARY = """
labels:
  hug: {description: what is named, sources: {pku_mmd_2: [hug]}}
  drink: {description: what is named, sources: {pku_mmd_2: [drink]}}
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Ten seconds of two people: in 2 to 4 s they hug, in 6 to 8 s somebody drinks."""
    for folder in ("skeleton", "Label"):
        (tmp_path / folder).mkdir()
    bodies = [[pose(row / 30, False), pose(row / 30 + 7.0, False) + (1.0, 0.0, 0.0)] for row in range(300)]
    np.savetxt(tmp_path / "skeleton" / "A01N01-L.txt", np.reshape(bodies, (300, 150)), fmt="%.5f")
    (tmp_path / "Label" / "A01N01-L.txt").write_text("16,60,120,2\n8,180,240,2\n")
    write_set(tmp_path / "stores", "pku_mmd_2", pku_mmd.load(tmp_path, phase=2))
    return Store.open(tmp_path / "stores")


def seconds(windows: Windows) -> dict[str, float]:
    """What the last frames of windows show, a window a frame; "?" what nobody knows."""
    newest = np.where(windows.seen[:, -1], windows.y[:, -1], -1)
    return {name: np.sum(newest == place) / 10.0 for place, name in enumerate(("?", *LABELS), -1)}


EXPECTED = {"hug": 4.0, "drink": 2.0, "?": 2.0}
"""Of both people together: they hug each other, and of the other one nobody knows whether they drink."""


@pytest.mark.parametrize("way", ["as they are", "table", "vocabulary"])
def test_an_action_of_two_is_that_of_both_and_of_other_actions_nobody_knows_whose_they_are(
    store: Store, tmp_path: Path, way: str
) -> None:
    (tmp_path / "words.yaml").write_text(VOCABULARY)
    named = {label: label for label in LABELS[1:]} if way == "table" else {}
    source = SourceConfig(name="pku_mmd_2", split="standard/train", labels=named)
    detector = DetectorConfig(labels=LABELS, encoder=ENCODER, rate=10.0)
    run = dataclasses.replace(RUN, vocabulary=str(tmp_path / "words.yaml") if way == "vocabulary" else "")
    (found,) = recordings(source, store, 0, detector, vocabulary_of(run))
    shown = seconds(cut(tracklets(found, LABELS, 10.0, 1.0), ENCODER.window, 1))
    assert {name: shown[name] for name in EXPECTED} == pytest.approx(EXPECTED, abs=0.25)


def test_sliding_windows_of_an_evaluation_learn_the_same_and_score_who_is_named(store: Store) -> None:
    how = Cut(rate=10.0, shape=ENCODER.window, training_stride=1)
    shown = seconds(frame_scores.training(store, LABELS, how))
    assert {name: shown[name] for name in EXPECTED} == pytest.approx(EXPECTED, abs=0.25)
    (video,) = frame_scores.videos(store, LABELS, how)
    assert {segment.person for segment in video.segments} == {"1"}


def test_the_scene_of_the_official_protocol_is_what_it_was(store: Store) -> None:
    how = Cut(windows="end_to_end", rate=30.0, shape=dataclasses.replace(ENCODER.window, people=2))
    (video,) = frame_scores.videos(store, LABELS, how)
    assert [(one.label, one.person) for one in video.segments] == [("hug", "1"), ("drink", "1")]
    assert frame_scores.training(store, LABELS, how).seen.sum() == 300
