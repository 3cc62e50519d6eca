"""Vocabularies: what the labels of the data sets are in them, and which files are refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import yaml
from helpers.paths import public
from helpers.trimmed import trimmed

from usdrl_model import config
from usdrl_model.checkpoints import shipped
from usdrl_model.cli import main
from usdrl_model.data import catalogue, vocabulary
from usdrl_model.data.store_writer import write_set
from usdrl_model.data.vocabulary import AMBIGUOUS, OTHER, Vocabulary

WAVE = {"description": "a wave", "sources": {"utd_mhad": ["wave"], "nuisi": ["wave"]}}
LEFT = {"description": "left", "mirror": "swipe_right", "sources": {"utd_mhad": ["swipe_left"]}}
RIGHT = {"description": "right", "mirror": "swipe_left", "sources": {"utd_mhad": ["swipe_right"]}}


def made(**labels: dict[str, object]) -> Vocabulary:
    return config.from_dict(Vocabulary, {"labels": labels})


def test_hri_names_what_sets_show() -> None:
    hri = vocabulary.load("hri")
    assert hri.of("msrc12", "push_right") == hri.of("utd_mhad", "swipe_right") == "swipe_right"
    assert hri.of("bandai_namco", "raise_up_both_hands") == hri.of("never_heard_of", "wave") == OTHER
    assert hri.of("msraction3d", "bend") == AMBIGUOUS
    assert (hri.of("sbu", "hug"), hri.of("sbu", "hug", pairs=True)) == (OTHER, "hug")
    assert hri.content("cmu_mocap", "02_03") == "run" and hri.content("cmu_mocap", "13_29") is None


def test_every_label_of_hri_has_two_sources_and_a_mirror_that_agrees() -> None:
    hri = vocabulary.load("hri")
    for name, label in {**hri.labels, **hri.pairs}.items():
        # swipe_left: the mirrored swipe_right of other sets is one, too.
        sources = set(label.sources) | set(hri.labels[label.mirror].sources if label.mirror else ())
        assert len(sources) >= 2, name
        assert hri.mirrored(hri.mirrored(name)) == name
        assert (hri.mirrored(name) != name) == ("left" in name or "right" in name)


def test_the_classes_of_a_detector_are_what_its_sets_show() -> None:
    mine = made(wave=WAVE, swipe_left=LEFT, swipe_right={**RIGHT, "sources": {"msrc12": ["push_right"]}})
    assert mine.shown_by(["nuisi"]) == ("none", "wave")
    assert mine.shown_by(["msrc12"]) == ("none", "swipe_left", "swipe_right"), "mirrored windows show the partner"
    assert mine.shown_by(["nuisi", "utd_mhad"]) == ("none", *mine.labels)
    assert mine.shown_by(["utkinect"]) == ("none",)


@pytest.mark.parametrize("name", ["utkinect", "utd_mhad", "msraction3d", "msrc12", "sbu", "nuisi", "bandai_namco"])
def test_every_source_of_hri_is_a_label_of_the_real_set(name: str) -> None:
    recording = next(catalogue.load(name, public(name)))
    vocabulary.load("hri").check(name, recording.labels)


def test_a_source_that_the_set_has_not_names_the_nearest() -> None:
    hri = vocabulary.load("hri")
    with pytest.raises(ValueError, match=r"wave: sources.nuisi: no label 'wave' in that set; did you mean 'waves'"):
        hri.check("nuisi", ["waves", "handshake"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({}, "labels: expected at least one action"),
        ({"wave": {"description": "", "sources": {}}}, "labels.wave: sources: expected the labels of at least one"),
        ({"wave": {"description": "", "sources": {"utd_mhad": []}}}, "labels.wave: sources: expected the labels"),
        ({"wave": {"description": ""}}, "missing key sources"),
        ({"wave": WAVE, "greet": WAVE}, "labels.greet: sources.utd_mhad: 'wave' is wave already"),
        ({"wave": {**WAVE, "sources": {"utd_mhat": ["wave"]}}}, "did you mean 'utd_mhad'"),
        ({"other": WAVE}, "labels.other: 'other' means that it is no action"),
        ({"wave": {**WAVE, "threshold": 1.5}}, r"threshold: expected a score in \(0, 1\), got 1.5"),
        ({"swipe_left": LEFT}, "labels.swipe_left: mirror: no label 'swipe_right'"),
        ({"swipe_left": LEFT, "swipe_right": {**RIGHT, "mirror": ""}}, "mirror of swipe_right is nothing: name each"),
        ({"push": {**WAVE, "backwards": "pull"}}, "labels.push: backwards: no label 'pull'"),
        (
            {"push": {**WAVE, "backwards": "pull"}, "pull": {**WAVE, "sources": {"utkinect": ["pull"]}}},
            "labels.push: backwards: pull, but the backwards of pull is nothing: name each other",
        ),
    ],
)
def test_a_vocabulary_that_cannot_be_learnt_is_refused(labels: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"labels": labels}, sort_keys=False), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        vocabulary.load(path)


def test_what_is_ambiguous_is_no_source() -> None:
    with pytest.raises(ValueError, match="labels.wave: sources.utd_mhad: 'wave' is ambiguous already"):
        config.from_dict(Vocabulary, {"labels": {"wave": WAVE}, "ambiguous": {"utd_mhad": ["wave"]}})


def test_two_actions_of_a_clip_are_labels() -> None:
    both = {"utd_mhad": {"pick_up_and_throw": ["pick_up", "throw"]}}
    with pytest.raises(ValueError, match="stooping.utd_mhad.pick_up_and_throw: expected two of the labels"):
        config.from_dict(Vocabulary, {"labels": {"wave": WAVE}, "stooping": both})


def test_actions_of_a_set_that_nobody_names_are_not_background_by_accident() -> None:
    hri = vocabulary.load("hri")
    with pytest.raises(
        ValueError, match="own: the vocabulary names no label of this set, so that its .*wave.* would be"
    ):
        hri.check("own", ("wave", "juggle"))
    hri.check("own", ("juggle",))


def test_partners_may_name_each_other() -> None:
    assert made(swipe_left=LEFT, swipe_right=RIGHT).mirrored("swipe_right") == "swipe_left"


def test_what_an_action_is_backwards_agrees_with_its_partner() -> None:
    hri = vocabulary.load("hri")
    known = {name: label.backwards for name, label in hri.labels.items() if label.backwards}
    assert known["push"] == "pull"
    assert known["sit_down"] == "stand_up"
    assert known["wave"] == "wave"
    assert "throw" not in known, "what was thrown does not come back"
    assert {known[known[name]] for name in known} == known.keys()
    assert all(known[name] != name for name in known if hri.mirrored(name) != name)


def test_a_vocabulary_is_found_by_name_or_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown vocabulary 'hir'.*Known: hri"):
        vocabulary.load("hir")
    with pytest.raises(FileNotFoundError):
        vocabulary.load(tmp_path / "none.yaml")


def test_the_table_counts_instances_minutes_and_what_is_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = ("wave", "knock")
    clips = [
        dataclasses.replace(trimmed(label, seed=n), labels=labels) for n, label in enumerate(("wave",) * 3 + labels)
    ]
    write_set(tmp_path / "stores", "kitchen", clips)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"labels": {"greet": {**WAVE, "sources": {"kitchen": ["wave"]}}}}), encoding="utf-8")
    assert main.main(["data", "info", str(tmp_path / "stores"), "--vocabulary", str(path)]) == 0
    said = capsys.readouterr().out
    assert "| `greet` | 4, 0.1 |" in said and "| `other` | 0.1 |" in said and "| kitchen | knock |" in said
    assert main.main(["data", "info", str(tmp_path / "stores"), "--vocabulary", "hri"]) == 0
    assert "| kitchen | everything: the vocabulary does not name this set |" in capsys.readouterr().out


def test_labels_are_listed_with_the_weights_that_know_them_and_their_sources(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["list", "labels"]) == 0
    lines = dict(line.split(maxsplit=2)[1:] for line in capsys.readouterr().out.splitlines())
    assert lines["hug"].startswith("[pairs] ") and "sbu (hug)" in lines["hug"]
    assert lines["pull"].startswith("[free, free_streaming, hri, hri_streaming] ")
    hri = vocabulary.load("hri")
    configs = (json.loads((one.folder / "config.json").read_text()) for one in shipped.registry("detector"))
    known = {label for one in configs for label in one["detector"]["labels"]}
    nobody = [label for label, text in lines.items() if text.startswith("[no shipped weights]")]
    assert nobody == [label for label in {**hri.labels, **hri.pairs} if label not in known]
