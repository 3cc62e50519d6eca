"""A folder in which a run can neither begin nor go on is refused before its data are read."""

from pathlib import Path

import pytest
from helpers.tiny_finetuning import RECORDINGS
from helpers.tiny_finetuning import RUN as FINETUNE
from helpers.tiny_pretraining import RUN as PRETRAIN
from helpers.tiny_pretraining import make_store

from usdrl_model import config
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.training.finetuning import run_data as labelled
from usdrl_model.training.pretraining import run_data as unlabelled


def never(*_: object, **__: object) -> None:
    raise AssertionError("data are read")


@pytest.mark.parametrize("verb", ["pretrain", "finetune"])
def test_another_run_and_other_settings(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if verb == "pretrain":
        make_store(tmp_path / "stores")
    else:
        write_set(tmp_path / "stores", "own", RECORDINGS)
    config.dump(PRETRAIN if verb == "pretrain" else FINETUNE, tmp_path / "run.yaml")
    out, others = tmp_path / "out", ["learning_rate=0.01", "encoder.hidden=32"]
    if verb == "finetune":
        others[1] = "augment.yaw=0.1"
    asked = [verb, "--config", str(tmp_path / "run.yaml"), "--data", str(tmp_path / "stores"), "--out", str(out)]
    asked += ["--device", "cpu", "--threads", "1", "steps=2"]
    assert main.main(asked) == 0
    monkeypatch.setattr(labelled, "recordings", never)
    monkeypatch.setattr(unlabelled, "pool_of", never)
    capsys.readouterr()
    assert main.main(asked) == 1
    assert f"{out} holds a run already: go on with --resume" in capsys.readouterr().err
    assert main.main([*asked, "--resume", *others]) == 1
    keys = [other.split("=")[0] for other in others]
    said = capsys.readouterr().err
    assert "was made with other settings (" in said and all(key in said for key in keys) and "steps" not in said
