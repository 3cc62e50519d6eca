"""Clips with a label and several people: who stands still beside somebody who moves is not taught the label."""

import dataclasses
from pathlib import Path

import pytest
from helpers.acting import script
from helpers.tiny_finetuning import RUN
from helpers.trimmed import pair, trimmed

from usdrl_model.data.compose import compose
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.training.finetuning.relabelling import as_segments
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings


def simulated() -> Recording:
    """Somebody waves, and somebody else stands by."""
    scripts = (script(("idle", 2.0), ("wave", 3.0), ("idle", 1.0)), script(("idle", 6.0)))
    return dataclasses.replace(simulate(PerformanceConfig(scripts=scripts, rate=30.0), seed=3), segments=())


def told(clip: Recording) -> dict[str, str]:
    return {segment.person: segment.label for segment in as_segments(clip).segments}


@pytest.mark.parametrize("table", [{}, {"wave": "wave"}])
def test_who_stands_by_is_ambiguous(tmp_path: Path, table: dict[str, str]) -> None:
    write_set(tmp_path, "own", [dataclasses.replace(simulated(), label="wave", labels=("wave",), subject="a")])
    detector = dataclasses.replace(RUN.detector, labels=("none", "wave"))
    source = SourceConfig(name="own", subjects=("a",), labels=table)
    (found,) = recordings(source, Store.open(tmp_path), 0, detector)
    assert {segment.person: segment.label for segment in found.segments} == {"1": "wave", "2": AMBIGUOUS}


def test_of_two_who_act_both_do_and_of_two_who_stand_still_too() -> None:
    assert told(pair("give", startled=0.4)) == {"1": "give", "2": "give"}
    assert told(pair("give")) == {"1": AMBIGUOUS, "2": "give"}
    still = pair("stand")
    frames = tuple(
        dataclasses.replace(frame, people=tuple(Person(one.id, still.frames[0].people[n].joints)
                                                for n, one in enumerate(frame.people)))
        for frame in still.frames
    )  # fmt: skip
    assert told(dataclasses.replace(still, frames=frames)) == {"1": "stand", "2": "stand"}


def test_who_is_alone_does_what_the_clip_is_called_however_little_they_move() -> None:
    clip = trimmed("stand")
    still = dataclasses.replace(clip, frames=tuple(
        dataclasses.replace(frame, people=clip.frames[0].people) for frame in clip.frames
    ))  # fmt: skip
    assert told(still) == {"7": "stand"}


def test_who_twitches_beside_somebody_who_waves_is_ambiguous_in_a_stream() -> None:
    clip = dataclasses.replace(pair("wave", startled=0.08), labels=("wave",))
    streams = list(compose([clip], 0))
    assert sorted(one.label for stream in streams for one in stream.segments) == [AMBIGUOUS, "wave"]
