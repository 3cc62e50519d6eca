"""Training on a vocabulary: labels of any set become those of the detector, and everything else background."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from helpers.paths import ROOT
from helpers.tiny_finetuning import CPU, ENCODER, RUN
from helpers.trimmed import trimmed

from usdrl_model import config
from usdrl_model.data.protocols import Split
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.simulation.script import ACTION_SECONDS, NEGATIVE_SECONDS, random_script
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.training.finetuning import train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.labels import filled, vocabulary_of
from usdrl_model.training.finetuning.mixture import mix
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings

MINE = {
    "labels": {
        "greet": {"description": "a wave", "sources": {"kitchen": ["wave"]}, "threshold": 0.8},
        "swipe_left": {"description": "", "mirror": "swipe_right", "sources": {"kitchen": ["to_left"]}},
        "swipe_right": {"description": "", "mirror": "swipe_left", "sources": {"kitchen": ["to_right"]}},
    },
    "ambiguous": {"kitchen": ["stir"]},
}


@pytest.fixture
def run(tmp_path: Path) -> FinetuneConfig:
    """A run on a vocabulary of one's own and a set of three people."""
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(MINE, sort_keys=False), encoding="utf-8")
    source = SourceConfig(name="kitchen", subjects=("1", "2"), compose=True)
    return dataclasses.replace(
        RUN, vocabulary=str(path), detector=DetectorConfig(labels=("none",), encoder=ENCODER, rate=10.0),
        sources=(source,), steps=3,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    labels = ("wave", "to_left", "to_right", "stir", "wash")
    clips = [
        dataclasses.replace(trimmed(label, who, seed=n), labels=labels, name=f"{label}_{who}")
        for n, (who, label) in enumerate((who, label) for who in "123" for label in labels)
    ]
    write_set(tmp_path / "stores", "kitchen", clips)
    return Store.open(tmp_path / "stores")


def given(run: FinetuneConfig, store: Store) -> list[Recording]:
    return recordings(run.sources[0], store, 0, run.detector, vocabulary_of(run))


def test_a_vocabulary_gives_labels_thresholds_and_mirror_partners(run: FinetuneConfig) -> None:
    full = filled(run)
    assert full.detector.labels == ("none", "greet", "swipe_left", "swipe_right")
    assert full.stream.events.label_on_threshold == {"greet": 0.8}
    assert full.mirror_classes == (0, 1, 3, 2)
    assert filled(full) == full
    few = dataclasses.replace(run, detector=dataclasses.replace(run.detector, labels=("none", "greet")))
    assert filled(few).mirror_classes == (0, 1)
    one_side = dataclasses.replace(run, detector=dataclasses.replace(run.detector, labels=("none", "swipe_left")))
    assert filled(one_side).mirror_classes == (0, 0), "in a mirror it is what this detector has no label of"
    own = dataclasses.replace(full, mirror_labels={"swipe_left": "swipe_left", "swipe_right": "swipe_right"})
    assert filled(own).mirror_classes == (0, 1, 2, 3)


def test_a_detector_of_two_people_tells_the_actions_of_pairs() -> None:
    sources = (SourceConfig(name="sbu", split="standard/train"),)
    two = DetectorConfig(labels=("none",), encoder=dataclasses.replace(ENCODER, people=2))
    run = filled(dataclasses.replace(RUN, vocabulary="hri", detector=two, sources=sources))
    towards = ("push", "kick", "punch")
    assert run.detector.labels == ("none", "shake_hands", "hug", "hand_over", "approach", "depart", *towards)
    assert run.detector.needs == {"push": ("arm",), "kick": ("legs",), "punch": ("arm",)}


def test_sources_with_a_table_of_their_own_show_what_it_lists(run: FinetuneConfig) -> None:
    table = {"to_right": "swipe_right", "wash": "none", "stir": "ambiguous"}
    mine = dataclasses.replace(run.sources[0], name="own", labels=table)
    alone = filled(dataclasses.replace(run, sources=(mine,)))
    assert alone.detector.labels == ("none", "swipe_left", "swipe_right"), "one side shows the other in a mirror"
    assert filled(dataclasses.replace(run, sources=(mine, *run.sources))).detector.labels[1] == "greet"
    fewer = dataclasses.replace(run.sources[0], labels={"wave": "greet"})
    assert filled(dataclasses.replace(run, sources=(fewer,))).detector.labels == ("none", "greet")
    slip = dataclasses.replace(mine, labels={"wave": "gret"})
    with pytest.raises(ValueError, match="own: labels: .*mine.yaml has no 'gret'; did you mean 'greet'"):
        filled(dataclasses.replace(run, sources=(slip,)))


def test_what_a_run_states_of_labels_that_its_vocabulary_gives_is_kept(run: FinetuneConfig) -> None:
    sides = {"swipe_left": "swipe_left", "swipe_right": "swipe_right"}
    own = {"mirror_labels": sides, "backward_labels": {"greet": "greet"}}
    needing = dataclasses.replace(run.detector, needs={"greet": ("legs",)})
    full = filled(dataclasses.replace(run, **own, detector=needing))
    assert full.detector.needs == {"greet": ("legs",)} and full.backward_labels == {"greet": "greet"}
    assert full.mirror_labels == {"greet": "greet", **sides}


@pytest.mark.parametrize("what", ["mirror_labels", "backward_labels", "needs"])
def test_what_is_stated_of_a_label_that_the_vocabulary_has_not_is_refused(run: FinetuneConfig, what: str) -> None:
    with pytest.raises(ValueError, match=f"{what}.*great"):
        if what == "needs":
            run = dataclasses.replace(run, detector=dataclasses.replace(run.detector, needs={"great": ("legs",)}))
        else:
            run = dataclasses.replace(run, **{what: {"great": "great"}})
        filled(run)


def test_clips_become_streams_in_the_labels_of_the_detector(run: FinetuneConfig, store: Store) -> None:
    full = filled(run)
    windows = mix(full.sources, [given(full, store)], full.detector, max_gap=1.0, stride=1).windows
    newest = torch.where(windows.seen[:, -1], windows.y[:, -1], -1)
    seconds = torch.bincount(newest + 1, minlength=5) / full.detector.rate
    doubtful, none, *actions = seconds.tolist()
    assert all(1.5 < shown < 3.0 for shown in actions), "two people show each action for a second"
    assert doubtful > 1.5 and none > 10.0


def test_labels_that_the_detector_has_not_are_background(run: FinetuneConfig, store: Store) -> None:
    few = dataclasses.replace(run, detector=dataclasses.replace(run.detector, labels=("none", "greet")))
    assert {segment.label for one in given(few, store) for segment in one.segments} == {"greet", "ambiguous"}


def test_what_nobody_labelled_is_doubtful_where_a_source_is_not_complete(run: FinetuneConfig, store: Store) -> None:
    full = filled(run)

    def shown(complete: bool) -> dict[str, float]:
        source = dataclasses.replace(full.sources[0], complete=complete, compose=False)
        clips = recordings(source, store, 0, full.detector, vocabulary_of(full))
        seconds = dict.fromkeys(("ambiguous", "greet", "all"), 0.0)
        for clip in clips:
            seconds["all"] += clip.frames[-1].stamp - clip.frames[0].stamp
            for segment in clip.segments:
                if segment.label in seconds:
                    seconds[segment.label] += segment.end - segment.start
        return seconds

    sparse, whole = shown(complete=False), shown(complete=True)
    assert sparse["greet"] == whole["greet"] > 0.0
    labelled = 3 * sparse["greet"]  # two more actions of the same length
    labelled += sparse["all"] / 5  # one clip of five is none of them: it has a label, which is background
    assert sparse["ambiguous"] == pytest.approx(sparse["all"] - labelled, abs=0.5)
    assert whole["ambiguous"] < sparse["ambiguous"] - 1.0


@pytest.mark.parametrize("by_vocabulary", [True, False])
def test_what_is_labelled_as_none_of_the_actions_is_background_without_a_doubt(
    run: FinetuneConfig, tmp_path: Path, by_vocabulary: bool
) -> None:
    clip = trimmed("wave", "1")
    first, last = clip.frames[0].stamp, clip.frames[-1].stamp
    (who,) = {person.id for frame in clip.frames for person in frame.people}
    said = (Segment(who, "wave", first + 0.5, first + 1.0), Segment(who, "wash", first + 1.0, last))
    live = dataclasses.replace(clip, label=None, labels=("wave", "wash", "to_left", "to_right", "stir"), segments=said)
    write_set(tmp_path / "stores", "kitchen", [live])
    full, named = filled(run), {} if by_vocabulary else {"wave": "greet", "wash": "none"}
    source = SourceConfig(name="kitchen", split="standard/train", complete=False, labels=named)
    words = vocabulary_of(full) if by_vocabulary else None
    (found,) = recordings(source, Store.open(tmp_path / "stores"), 0, full.detector, words)
    assert set(found.segments) == {
        Segment(who, "greet", first + 0.5, first + 1.0),
        Segment(who, AMBIGUOUS, first, first + 0.5),
    }


def test_a_detector_of_a_vocabulary_trains(run: FinetuneConfig, store: Store, tmp_path: Path) -> None:
    full = dataclasses.replace(filled(run), augment=dataclasses.replace(run.augment, mirror=0.5))
    mixture = mix(full.sources, [given(full, store)], full.detector, max_gap=1.0, stride=2)
    detector = train.train(full, mixture, tmp_path / "run", device=CPU)
    assert detector.config.labels == full.detector.labels


def test_the_simulated_people_do_nothing_that_is_no_background_to_the_vocabulary() -> None:
    hri = dataclasses.replace(RUN, vocabulary="hri")
    detector = dataclasses.replace(RUN.detector, labels=("none", *ACTION_SECONDS))
    (mine,) = recordings(SourceConfig(name="performer", minutes=1), None, 0, detector, vocabulary_of(hri))
    assert mine.segments and {segment.label for segment in mine.segments} <= set(ACTION_SECONDS)
    acts = {act.action for act in random_script(np.random.default_rng(0), 900.0, without=["cross_arms"])}
    assert acts == {*ACTION_SECONDS, *NEGATIVE_SECONDS} - {"cross_arms"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": "hir"}, "unknown vocabulary 'hir'"),
        ({"detector": DetectorConfig(labels=("none", "gret"), encoder=ENCODER)}, "has no 'gret'; did you mean 'greet'"),
        ({"sources": (SourceConfig(name="own", subjects=("1",)),)}, "sources: none of them shows a label"),
    ],
)
def test_a_run_that_does_not_fit_its_vocabulary_is_refused(
    run: FinetuneConfig, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        filled(dataclasses.replace(run, **change))


def test_a_source_that_the_set_has_not_is_refused(run: FinetuneConfig, tmp_path: Path) -> None:
    write_set(tmp_path / "stores", "kitchen", [dataclasses.replace(trimmed("wave"), labels=("wave", "to_left"))])
    with pytest.raises(ValueError, match=r"swipe_right: sources.kitchen: no label 'to_right' in that set"):
        given(filled(run), Store.open(tmp_path / "stores"))


def test_what_an_action_is_backwards_has_to_be_a_label() -> None:
    with pytest.raises(ValueError, match="backward_labels: push: pull: expected labels of the detector"):
        dataclasses.replace(RUN, backward_labels={"push": "pull"})
    run = filled(config.load(FinetuneConfig, ROOT / "config" / "finetune_streaming.yaml"))
    classes, labels = run.backward_classes, run.detector.labels
    assert labels[classes[labels.index("push")]] == "pull"
    assert classes[labels.index("throw")] == -1
    assert classes[0] == 0


def test_partners_that_are_no_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="mirror_labels: left: right: expected two of the detector's labels"):
        dataclasses.replace(RUN, mirror_labels={"left": "right"})
    with pytest.raises(ValueError, match="compose: streams are for window: sliding"):
        SourceConfig(name="own", subjects=("a",), compose=True, window="clip")


def test_the_recipe_of_hri_tells_every_action_and_trains_on_training_people_only() -> None:
    run = filled(config.load(FinetuneConfig, ROOT / "config" / "finetune_hri.yaml"))
    hri = vocabulary_of(run)
    assert hri is not None and len(run.detector.labels) > 10
    sources = {source.name for source in run.sources}
    for left_out in hri.labels.keys() - set(run.detector.labels):
        assert not hri.labels[left_out].sources.keys() & sources, left_out
    assert all(Split.of(source.name, source.split).part == "train" for source in run.sources if source.split)
