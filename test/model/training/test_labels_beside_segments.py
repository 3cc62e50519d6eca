"""A recording with a label of the whole and with segments: the segments count, and not its label."""

import dataclasses
from pathlib import Path

import pytest
from helpers.people import UP
from helpers.tiny_finetuning import RUN, recording

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.training import gesture_background
from usdrl_model.training.finetuning.mixture import laid
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings
from usdrl_model.windows.shape import WindowShape

LIVE = dataclasses.replace(recording("a", 10.0), labels=("hand_up", "session"))
SESSION = dataclasses.replace(LIVE, label="session")
TABLES = [{"hand_up": "hand_up", "session": "none"}, {}]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    write_set(tmp_path, "own", [SESSION])
    return Store.open(tmp_path)


@pytest.mark.parametrize("table", TABLES)
def test_what_nobody_labelled_beside_the_segments_is_doubtful(store: Store, table: dict[str, str]) -> None:
    source = SourceConfig(name="own", split="standard/train", labels=table, complete=False)
    (found,) = recordings(source, store, 0, RUN.detector)
    shown = sorted((one.label, round(one.start - 10.0, 1), round(one.end - 10.0, 1)) for one in found.segments)
    assert shown == [(AMBIGUOUS, 0.0, UP[0]), (AMBIGUOUS, UP[1], 7.9), ("hand_up", *UP)]


@pytest.mark.parametrize("table", TABLES)
def test_it_is_no_trimmed_clip_to_lay_into_streams(store: Store, table: dict[str, str]) -> None:
    source = SourceConfig(name="own", split="standard/train", labels=table, compose=True)
    given = recordings(source, store, 0, RUN.detector)
    (stream,) = laid(source, given, RUN.detector)
    assert stream is given[0] and stream.segments == SESSION.segments


@pytest.mark.parametrize("changes", [{}, {"complete": False}, {"compose": True}, {"window": "clip"}])
def test_segments_that_are_all_listed_as_none_leave_a_recording_of_nothing(
    tmp_path: Path, changes: dict[str, bool | str]
) -> None:
    (talk,) = (dataclasses.replace(one, label="talk") for one in SESSION.segments)
    clip = dataclasses.replace(SESSION, name="b", label="hand_up", labels=("hand_up", "talk"), segments=(talk,))
    write_set(tmp_path, "own", [clip])
    table = {"hand_up": "hand_up", "talk": "none"}
    source = dataclasses.replace(SourceConfig(name="own", split="standard/train", labels=table), **changes)  # type: ignore[arg-type]
    (found,) = recordings(source, Store.open(tmp_path), 0, RUN.detector)
    (shown,) = laid(source, [found], RUN.detector)
    doubted = [] if source.complete else [(0.0, UP[0]), (UP[1], 7.9)]
    assert [(round(one.start - 10.0, 1), round(one.end - 10.0, 1)) for one in shown.segments] == doubted
    assert {one.label for one in shown.segments} <= {AMBIGUOUS}
    assert shown.label == ("hand_up" if source.window == "clip" else None), "whole clips go by their label"


def test_a_background_of_gestures_knows_what_its_segments_show() -> None:
    def shown(of: object) -> list[str | None]:
        return [label for _, label in gesture_background.windows(of, 10.0, WindowShape(frames=16), 1.0)]  # type: ignore[arg-type]

    assert shown(SESSION) == shown(LIVE) and "hand_up" in shown(SESSION) and "session" not in shown(SESSION)
