"""The registry of shipped weights: every entry loads as its kind, and nothing of another kind is ever suggested."""

from pathlib import Path

import pytest
import torch

from usdrl_model.checkpoints import config_file, detector_file, hub, shipped
from usdrl_model.checkpoints.pretrained_models import USDRL, load_encoder
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig

ENCODER = EncoderConfig(hidden=16, frames=12, joints=5, people=1)


def test_every_entry_loads_as_its_kind_and_says_what_it_was_made_on() -> None:
    assert {one.kind for one in shipped.registry()} == {"detector", "encoder"}
    for one in shipped.registry():
        made = one.provenance
        loaded = detector_file.load(one.name, "cpu").config if one.kind == "detector" else hub.find(one.name).config
        assert made == loaded.provenance
        assert made.sets
        assert made.terms
        assert (one.folder / "README.md").is_file(), "shipped weights need a model card"
    assert shipped.DEFAULT_DETECTOR in shipped.names("detector")


def test_folders_and_kinds_of_the_registry_agree() -> None:
    for one in shipped.registry():
        assert config_file.kind_of(one.folder) == one.kind
        assert shipped.find(one.name) == one
        other: config_file.Kind = "encoder" if one.kind == "detector" else "detector"
        assert one.name not in shipped.names(other)


@pytest.mark.parametrize("kind", ["detector", "encoder"])
def test_a_suggestion_is_of_the_kind_that_is_wanted(
    kind: config_file.Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is nearer by name, in the registry and beside the path that was given."""
    torch.manual_seed(0)
    detector = Detector(DetectorConfig(labels=("none", "wave"), encoder=ENCODER))
    detector_file.save(tmp_path / "open_d", detector, StreamConfig(), Provenance())
    USDRL(ENCODER).save_pretrained(tmp_path / "open_e")
    USDRL(ENCODER).save_pretrained(tmp_path / "pair")
    monkeypatch.chdir(tmp_path)
    wanted, other = ("open_d", "open_e") if kind == "detector" else ("open_e", "open_d")
    assert shipped.hint("opn_", kind).endswith(f"{wanted!r}?")
    assert other not in shipped.hint("opn_", kind)
    for typed in ("opne", "pairz"):
        offered = shipped.hint(typed, kind)
        assert all(repr(name) not in offered for name in ("foundation", "pairs") if name not in shipped.names(kind))


def test_the_name_of_another_kind_is_told_and_not_offered() -> None:
    with pytest.raises(FileNotFoundError, match="'foundation' is the name of a shipped encoder"):
        detector_file.load("foundation")
    with pytest.raises(FileNotFoundError, match="'hri' is the name of a shipped detector"):
        hub.find("hri")


@pytest.mark.parametrize("mine", ["foundation", "hri"])
def test_a_name_means_the_shipped_weights_wherever_a_program_starts(
    mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of either kind, whatever lies there of that name; with ``./`` it is what lies there."""
    torch.manual_seed(0)
    detector = Detector(DetectorConfig(labels=("none", "wave"), encoder=ENCODER))
    detector_file.save(tmp_path / "hri", detector, StreamConfig(), Provenance())
    detector_file.save(tmp_path / "foundation", detector, StreamConfig(), Provenance())
    (tmp_path / "pairs").mkdir()
    shipped_one = load_encoder(mine).config
    monkeypatch.chdir(tmp_path)
    assert load_encoder(mine).config == shipped_one
    assert load_encoder(f"./{mine}").config == ENCODER
    assert f"{mine}: taken from the package; ./{mine} would be the weights of that name here" in caplog.text
    assert detector_file.load("hri", "cpu").config.detector.labels != ("none", "wave")
    assert detector_file.load("pairs", "cpu").name == "pairs"
    assert "pairs: taken" not in caplog.text


def test_a_pretrained_model_of_the_name_of_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    USDRL(ENCODER).save_pretrained(tmp_path / "foundation")
    monkeypatch.chdir(tmp_path)
    assert hub.find("foundation").config.encoder != ENCODER
    assert hub.find("./foundation").config.encoder == ENCODER
