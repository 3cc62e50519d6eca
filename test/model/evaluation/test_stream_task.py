"""The task "stream": what is run, and what is kept of it."""

import dataclasses
from pathlib import Path

import torch
from helpers.left_out import WORDS, detector, protocol, scored
from helpers.thread_count import threads_of
from helpers.trimmed import trimmed

from usdrl_model.checkpoints import detector_file
from usdrl_model.data import vocabulary
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.report.pictures import write_pictures
from usdrl_model.evaluation.stream import fit_and_score, streams
from usdrl_model.evaluation.stream.methods import METHODS
from usdrl_model.evaluation.stream.protocol import StreamProtocol
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment


def test_everybody_in_the_set_is_run_and_minutes_limit_it(left_out: Path) -> None:
    own = Store.open(left_out).select(sets=["utd_mhad"])
    assert {one.subject for one in streams.of(own, WORDS, 0)} == {"1", "2"}
    whole = sum(len(one.segments) for one in streams.of(own, WORDS, 0))
    few = sum(len(one.segments) for one in streams.of(own, WORDS, 0, minutes=0.1))
    assert (whole, few) == (4, 3)


def test_a_continuous_recording_without_an_action_of_the_vocabulary_is_run_for_its_false_alarms(tmp_path: Path) -> None:
    clip = trimmed("bow")
    foreign = Recording(
        "foreign", clip.topology, clip.frames, segments=(Segment("7", "bow", 5.5, 6.0),), labels=("bow", "wave", "clap")
    )
    write_set(tmp_path, "utd_mhad", [foreign])
    (shown,) = streams.of(Store.open(tmp_path), WORDS, 0)
    assert (shown.name, shown.segments, len(shown.frames)) == ("foreign", (), len(clip.frames))


def test_a_detector_is_scored_as_it_is_and_kept(left_out: Path, tmp_path: Path) -> None:
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d"))
    asked = protocol(tmp_path)
    (cell,) = scored(tmp_path, [METHODS["as it is"]], asked, given, seeds=(0, 1))
    assert {"stream_recall", "false_alarms_per_hour", "mirrored_recall", "sides_apart"} <= set(cell.scores["all"])
    assert cell.details["actions"]["wave"]["true"] == 2
    assert scored(tmp_path, [METHODS["as it is"]], asked, given, seeds=(0, 1)) == [cell]
    assert [path.name for path in write_pictures([cell], tmp_path / "pictures")] == ["timelines.png"]


def test_people_are_run_in_one_thread_and_what_comes_after_in_as_many_as_before(left_out: Path, tmp_path: Path) -> None:
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d"))
    with threads_of(fit_and_score) as threads:
        scored(tmp_path, [METHODS["as it is"]], protocol(tmp_path), given)
        assert threads and set(threads) == {1} and torch.get_num_threads() == 2


def test_a_detector_with_other_thresholds_is_another_detector(left_out: Path, tmp_path: Path) -> None:
    def run() -> None:
        scored(tmp_path, [METHODS["as it is"]], asked, Pretrained.open(tmp_path / "given"))

    asked = protocol(tmp_path, mirrored=False)
    loaded = detector_file.load(detector(tmp_path / "given", "msraction3d"), "cpu")
    run()
    events = dataclasses.replace(loaded.config.stream.events, on_threshold=0.05, off_threshold=0.01)
    stream = dataclasses.replace(loaded.config.stream, events=events)
    detector_file.save(tmp_path / "given", loaded.trained, stream, loaded.config.provenance)
    run()
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 2


def test_the_vocabulary_of_the_protocol_is_there() -> None:
    assert "wave" in vocabulary.load(StreamProtocol().vocabulary).labels
