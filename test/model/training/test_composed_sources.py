"""A source with ``compose``: its trimmed clips are laid into streams wherever they are learnt from or scored."""

import dataclasses
import json
from pathlib import Path

import pytest
from helpers.tiny_finetuning import RUN
from helpers.trimmed import MOVES, trimmed

from usdrl_model import config
from usdrl_model.cli import main
from usdrl_model.data.compose import compose
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.stream.streams import length
from usdrl_model.training.finetuning.mixture import windows_of
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings

DETECTOR = dataclasses.replace(RUN.detector, labels=("none", "wave"))
SOURCE = SourceConfig(name="own", subjects=("a", "b"), compose=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two waves of each of three people."""
    clips = [
        dataclasses.replace(trimmed("wave", who, seed=seed), name=f"{who}{seed}") for who in "abc" for seed in (0, 1)
    ]
    write_set(tmp_path / "stores", "own", clips)
    return Store.open(tmp_path / "stores")


def test_clips_show_their_label_whether_or_not_everything_is_labelled(store: Store) -> None:
    shown = []
    for complete in (True, False):
        source = dataclasses.replace(SOURCE, complete=complete)
        windows = windows_of(source, recordings(source, store, 0, DETECTOR), DETECTOR, max_gap=1.0, stride=2)
        shown.append(int((windows.y[windows.seen] == 1).sum()))
    assert shown[0] == shown[1] > 100


@pytest.mark.parametrize("table", [{}, {"wave": "wave"}])
def test_people_to_validate_on_are_scored_in_streams(store: Store, tmp_path: Path, table: dict[str, str]) -> None:
    source = dataclasses.replace(SOURCE, labels=table)
    run = dataclasses.replace(RUN, detector=DETECTOR, sources=(source,), steps=2, validation_subjects=("c",))
    config.dump(run, tmp_path / "run.yaml")
    words = ["--config", str(tmp_path / "run.yaml"), "--data", str(tmp_path / "stores"), "--out", str(tmp_path / "out")]
    assert main.main(["finetune", *words, "--device", "cpu", "stream.events.on_threshold=1.0"]) == 0
    scores = json.loads((tmp_path / "out" / "validation.json").read_text())
    (stream,) = compose([one for one in recordings(source, store, 0, DETECTOR) if one.subject == "c"], run.seed)
    assert scores["hours"] == pytest.approx(length(stream) / 3600.0)
    assert scores["per_label"]["wave"]["0.5"]["fn"] == 2, "nothing is found at this threshold: both waves are counted"


def test_a_table_of_labels_does_not_make_standing_still_the_action(store: Store) -> None:
    by_table = recordings(dataclasses.replace(SOURCE, labels={"wave": "wave"}), store, 0, DETECTOR)
    for clips in (by_table, recordings(SOURCE, store, 0, DETECTOR)):
        seconds = [segment.end - segment.start for stream in compose(clips, 0) for segment in stream.segments]
        assert seconds == pytest.approx([MOVES[1] - MOVES[0]] * 6, abs=0.15)
