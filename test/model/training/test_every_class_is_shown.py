"""A detector has no class of which nothing in its training shows anything."""

import dataclasses
from pathlib import Path

import pytest
import yaml
from helpers.tiny_finetuning import RECORDINGS, RUN

from usdrl_model import config
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.simulation.script import ACTIONS
from usdrl_model.training.finetuning import run_data
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.labels import filled
from usdrl_model.training.finetuning.source_config import SourceConfig

PERFORMER = SourceConfig(name="performer", minutes=2)


def told(*labels: str, **changes: object) -> FinetuneConfig:
    """A run that is to tell these labels."""
    return dataclasses.replace(RUN, detector=dataclasses.replace(RUN.detector, labels=("none", *labels)), **changes)


def words(folder: Path, **labels: dict[str, list[str]]) -> str:
    """A vocabulary: each label with its sources."""
    path = folder / "mine.yaml"
    named = {label: {"description": "", "sources": sources} for label, sources in labels.items()}
    path.write_text(yaml.safe_dump({"labels": named}), encoding="utf-8")
    return str(path)


def test_a_class_that_nobody_trained_on_shows_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.dump(told("hand_up", "knock", sources=(*RUN.sources, PERFORMER)), tmp_path / "run.yaml")
    write_set(tmp_path / "stores", "own", RECORDINGS)
    out = tmp_path / "out"
    asked = ["--config", str(tmp_path / "run.yaml"), "--data", str(tmp_path / "stores"), "--out", str(out)]
    assert main.main(["finetune", *asked, "--device", "cpu"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "usdrl finetune: detector.labels: nobody who is trained on (own, performer) does knock: label it, train on"
        " people who do it (subjects, split, or more minutes of the performer), or take it out of detector.labels"
    )
    assert not out.exists(), "nothing is begun"


def test_people_who_are_not_trained_on_show_nothing() -> None:
    idle = [dataclasses.replace(one, segments=() if one.subject in "ab" else one.segments) for one in RECORDINGS]
    with pytest.raises(ValueError, match=r"nobody who is trained on \(own\) does hand_up"):
        run_data.mixture(RUN, [idle])
    run_data.mixture(RUN, [RECORDINGS])


@pytest.mark.parametrize("how", ["mirror", "backwards"])
def test_what_turned_windows_show_is_shown(how: str) -> None:
    partners = {"hand_up": "hand_down", "hand_down": "hand_up"}
    field = {"mirror": "mirror_labels", "backwards": "backward_labels"}[how]
    plain = told("hand_up", "hand_down", **{field: partners})
    run_data.mixture(dataclasses.replace(plain, augment=dataclasses.replace(RUN.augment, **{how: 0.5})), [RECORDINGS])
    with pytest.raises(ValueError, match="does hand_down"):
        run_data.mixture(plain, [RECORDINGS])


def test_what_simulated_people_do_unlabelled_is_no_label_of_theirs(tmp_path: Path) -> None:
    named = words(tmp_path, knock={"performer": ["knock"]}, wave={"performer": ["wave"]})
    asked = told("knock", "wave", vocabulary=named, sources=(PERFORMER,))
    with pytest.raises(ValueError, match=r"knock: sources\.performer: no label 'knock' in that set.* It has .*wave"):
        run_data.recordings(filled(asked), None)


def test_what_simulated_people_do_may_be_called_something_else(tmp_path: Path) -> None:
    named = words(tmp_path, greet={"performer": ["wave"]}, walk={"performer": ["walk"]}, clap={"own": ["clap"]})
    (found,) = run_data.recordings(filled(told("greet", "walk", vocabulary=named, sources=(PERFORMER,))), None)
    assert {segment.label for one in found for segment in one.segments} == {"greet", "walk"}


def test_a_vocabulary_that_knows_no_simulated_people_does_not_make_background_of_its_actions(tmp_path: Path) -> None:
    asked = told("wave", vocabulary=words(tmp_path, wave={"own": ["wave"]}), sources=(PERFORMER,))
    with pytest.raises(ValueError, match="so that its 'wave' would be background: name the set in a vocabulary of"):
        run_data.recordings(asked, None)
    with pytest.raises(ValueError, match="performer: labels: simulated people are labelled by what they do"):
        dataclasses.replace(PERFORMER, labels={"wave": "wave"})


def test_simulated_people_show_all_that_they_are_asked_for() -> None:
    everything = DetectorConfig(labels=("none", *ACTIONS), encoder=RUN.detector.encoder, rate=10.0)
    run = dataclasses.replace(RUN, detector=everything, sources=(dataclasses.replace(PERFORMER, minutes=8),))
    run_data.mixture(run, run_data.recordings(run, None))
