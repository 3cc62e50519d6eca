"""Model cards are made of what weights say of themselves: no data set, and no term of one, can be forgotten."""

import dataclasses
import shlex
from pathlib import Path

import pytest
from helpers.small_benchmark import ENCODER
from helpers.tiny_finetuning import RECORDINGS, RUN

from usdrl_model import config
from usdrl_model.checkpoints import detector_file, shipped
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.terms import Terms
from usdrl_model.training import model_card
from usdrl_model.training.model_card import Notes, Score


def encoder(folder: Path, *data: DataUsed, complete: bool = True) -> Path:
    USDRL(ENCODER).save_pretrained(folder, Provenance(data=data, complete=complete, command="usdrl pretrain x"))
    return folder


@pytest.mark.parametrize("one", shipped.registry(), ids=lambda one: one.name)
def test_shipped_cards_are_as_generated_and_say_all(one: shipped.Shipped) -> None:
    card = (one.folder / "README.md").read_text(encoding="utf-8")
    assert card == model_card.text(one.folder), f"run usdrl card {one.folder}"
    for part in ("## Use", "## Training", "## Terms", "## Scores", "## Limits"):
        assert part in card
    for used in one.provenance.data:
        assert used.set in card or used.set == "performer"


def test_a_card_lists_every_set_with_its_terms_and_source(tmp_path: Path) -> None:
    data = (
        DataUsed(set="utkinect", subjects=("01", "03"), stage="pretraining"),
        DataUsed(set="performer", minutes=7, share=0.2),
        DataUsed(set="mine", terms="ask Anna", terms_kind="non_commercial"),
    )
    card = model_card.text(encoder(tmp_path / "a", *data))
    assert "| UTKinect-Action3D (utkinect) | pretraining | subjects 01, 03 | 1 | research (academic use" in card
    assert "cvrc.ece.utexas.edu" in card
    assert "| simulated people | training | 7 minutes | 0.2 | free" in card
    assert "| mine | training | all | 1 | non_commercial (ask Anna) | - |" in card
    assert "**Not for commercial use**" in card
    assert "- research: academic research only" in card
    assert "    usdrl pretrain x" in card


def test_what_may_be_sold_says_so_and_what_is_not_named_does_not(tmp_path: Path) -> None:
    free = DataUsed(set="performer", minutes=7)
    assert "allow a commercial use" in model_card.text(encoder(tmp_path / "a", free))
    silent = model_card.text(encoder(tmp_path / "b", free, complete=False))
    assert "**Not for commercial use**" in silent
    assert "further data that the weights do not name" in silent


def test_texts_of_others_stay_in_their_place(tmp_path: Path) -> None:
    hostile = DataUsed(set="\x1b[2J<script>", terms="a | b\n# Free for all\n" + "x" * 10**5, terms_kind="research")
    detector = Detector(DetectorConfig(labels=("none", "<b>wave"), encoder=ENCODER))
    detector_file.save(tmp_path / "w", detector, StreamConfig(), Provenance(data=(hostile,), complete=True))
    card = model_card.text(tmp_path / "w")
    assert all(line.isprintable() for line in card.splitlines())
    assert "<" not in card
    assert "\n# Free" not in card
    assert len(card) < 5000


def test_notes_are_checked_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = encoder(tmp_path / "a")
    notes = Notes(summary="For hands.", scores=(Score(of="x", result="7 %", command="usdrl probe a"),), limits=("No",))
    model_card.write(folder, notes)
    assert model_card.notes_of(folder) == notes
    card = (folder / "README.md").read_text()
    assert "For hands." in card and "| x | 7 % | `usdrl probe a` |" in card and "- No" in card
    (folder / "card.yaml").write_text("limit: [none]\n")
    assert main.main(["card", str(folder)]) == 1
    assert "limit: unknown key; did you mean 'limits'" in capsys.readouterr().err
    assert main.main(["card", str(tmp_path)]) == 1
    assert "expected a folder of weights" in capsys.readouterr().err


def test_fine_tuning_leaves_a_card_with_its_score(tmp_path: Path) -> None:
    write_set(tmp_path / "store", "own", RECORDINGS, terms=Terms("own"))
    run = dataclasses.replace(RUN, steps=2, validation_subjects=("c",))
    config.dump(run, tmp_path / "run.yaml")
    words = ["--config", str(tmp_path / "run.yaml"), "--data", str(tmp_path / "store"), "--out", str(tmp_path / "out")]
    terms = ["--terms", "commercial"]
    changes = ["sources=[{name: own, subjects: [a, b]}]", "batch_size=4"]
    assert main.main(["finetune", *words, "--device", "cpu", *terms, *changes]) == 0
    card = (tmp_path / "out" / "weights" / "README.md").read_text(encoding="utf-8")
    made = detector_file.load(tmp_path / "out" / "weights", "cpu").config.provenance.command
    assert made in card and card.startswith("# out\n"), "called like its run"
    assert shlex.split(made) == ["usdrl", "finetune", *words, *terms, *changes], "it can be run again"
    assert "Detector of hand_up." in card
    assert "| your own recordings (own) | training | subjects a, b | 1 | own |" in card
    assert "| own, validation subjects c | frame accuracy" in card
    assert "allow a commercial use" in card
