"""``--terms commercial``: nothing that its terms do not allow gets into the weights, by data or by their start."""

import dataclasses
from pathlib import Path

import pytest
from helpers.small_benchmark import RECIPE, recording, weights
from helpers.tiny_pretraining import RUN, change

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.terms import Kind, Terms
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.permission import check_commercial, kinds_of
from usdrl_model.training.pretraining.config import DataConfig

TINY = dataclasses.replace(
    RECIPE,
    detector=DetectorConfig(labels=("none", "up", "push", "wave"), encoder=RECIPE.detector.encoder),
    sources=(SourceConfig(name="own", split="standard/train"),),
    steps=2,
)


def stores(folder: Path, **kinds: Kind | None) -> Path:
    """A store with these sets, each with the terms that its owner states."""
    for name, kind in kinds.items():
        made = (recording(f"{label}{take}", label, "anna") for label in ("up", "push", "wave") for take in "abcd")
        write_set(folder, name, made, terms=Terms(kind) if kind else None)
    return folder


def finetune(tmp_path: Path, store: Path, run: FinetuneConfig = TINY) -> int:
    config.dump(run, tmp_path / "run.yaml")
    words = ["--config", str(tmp_path / "run.yaml"), "--data", str(store), "--out", str(tmp_path / "out")]
    return main.main(["finetune", *words, "--terms", "commercial", "--device", "cpu"])


def pretrain(tmp_path: Path, store: Path, data: DataConfig) -> int:
    config.dump(change(RUN, data=data, steps=2), tmp_path / "run.yaml")
    words = ["--config", str(tmp_path / "run.yaml"), "--data", str(store), "--out", str(tmp_path / "out")]
    return main.main(["pretrain", *words, "--terms", "commercial", "--device", "cpu"])


def test_own_recordings_and_simulated_people_make_weights_for_products(tmp_path: Path) -> None:
    store = stores(tmp_path / "store", own="own", cmu_mocap=None)
    assert pretrain(tmp_path, store, DataConfig(split=None, performer_minutes=1)) == 0
    made = USDRL.from_pretrained(tmp_path / "out" / "weights")
    shape = dataclasses.replace(TINY.detector, encoder=made.backbone.config)
    start = dataclasses.replace(TINY, detector=shape, init_from=str(tmp_path / "out" / "weights"))
    (tmp_path / "detector").mkdir()
    assert finetune(tmp_path / "detector", store, start) == 0
    made = detector_file.load(tmp_path / "detector" / "out" / "weights", "cpu").config.provenance
    assert set(kinds_of(made)) == {"own", "attribution", "free"}
    assert made.complete


def test_each_set_that_is_not_allowed_is_named_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = stores(tmp_path / "store", own="own", lent="non_commercial", mine=None, utkinect="free")
    assert pretrain(tmp_path, store, DataConfig(split=None)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    for said in ("lent, non_commercial", "mine, unknown", "utkinect, research (academic use", "leave it out"):
        assert said in line
    assert "own, " not in line
    sources = (SourceConfig(name="lent", split="standard/train"), SourceConfig(name="own", split="standard/train"))
    assert finetune(tmp_path, store, dataclasses.replace(TINY, sources=sources)) == 1
    assert "lent, non_commercial" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_starting_weights_hand_on_their_terms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stores(tmp_path / "store", own="own")
    research = dataclasses.replace(TINY, init_from=str(weights(tmp_path / "a", sets="sbu, own")))
    assert finetune(tmp_path, store, research) == 1
    assert "/a were trained on sbu, research (academic use" in (said := capsys.readouterr().err)
    assert "or from none" in said
    USDRL(TINY.detector.encoder).save_pretrained(tmp_path / "silent")
    assert finetune(tmp_path, store, dataclasses.replace(TINY, init_from=str(tmp_path / "silent"))) == 1
    assert "were trained on data that it does not name" in capsys.readouterr().err


def test_weights_cannot_talk_a_known_set_free_and_older_ones_have_the_terms_of_the_catalogue() -> None:
    claimed = DataUsed(set="utkinect", terms="do what you like\n[ERROR]" + "x" * 10**5, terms_kind="free")
    hostile = DataUsed(set="\x1b[2J" + "y" * 10**5, terms="\x1b" + "z" * 10**5, terms_kind="research")
    older = Provenance(data=(DataUsed(set="sbu"), DataUsed(set="cmu_mocap"), DataUsed(set="x")), complete=True)
    assert kinds_of(older) == ("research", "attribution", "unknown")
    assert kinds_of(Provenance(data=(claimed,))) == ("research", "unknown")
    with pytest.raises(ValueError, match="utkinect, research") as refused:
        check_commercial(Provenance(data=(claimed, hostile), complete=True), {})
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 2000


def test_the_names_of_sets_come_with_their_terms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["list", "sets"]) == 0
    (found,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("bandai_namco")]
    assert "non_commercial (CC BY-NC 4.0" in found


def test_a_start_and_a_teacher_of_pretraining_hand_on_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = stores(tmp_path / "store", own="own")
    before = {"init_from": weights(tmp_path / "a", sets="sbu"), "teacher": weights(tmp_path / "b", sets="msrc12")}
    changes = {name: str(folder) for name, folder in before.items()}
    config.dump(change(RUN, data=DataConfig(split=None), steps=2, **changes), tmp_path / "run.yaml")
    words = ["--config", str(tmp_path / "run.yaml"), "--data", str(store), "--out", str(tmp_path / "out")]
    assert main.main(["pretrain", *words, "--terms", "commercial", "--device", "cpu"]) == 1
    said = capsys.readouterr().err
    assert "/a were trained on sbu, research" in said
    assert "/b were trained on msrc12, research" in said
