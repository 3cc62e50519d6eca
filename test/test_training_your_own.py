"""docs/training_your_own.md, command by command, with short recordings and two steps of training."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from helpers.page_commands import BIN, run_page
from helpers.paths import ROOT

from usdrl_model import config
from usdrl_model.terms import COMMERCIAL, MEANINGS
from usdrl_model.training.finetuning.config import FinetuneConfig

PAGE = (ROOT / "docs" / "training_your_own.md").read_text(encoding="utf-8")
SMALL = {
    "--duration 120": "--duration 10",
    "data.sets='[own]'\n": "data.sets='[own]' data.performer_minutes=1 steps=2 batch_size=8\n",
    # in 10 s nobody does all of the eighteen actions
    "sources='[{name: own, split: standard/train}]'\n": (
        "sources='[{name: own, split: standard/train}, {name: performer, minutes: 8}]' steps=2\n"
    ),
    "runs/own/detector.onnx\n": "runs/own/detector.onnx --windows 2\n",
}
"""What is different in the test, and has to be in the text."""


@pytest.mark.skipif(not shutil.which("usdrl-bag", path=BIN), reason="the commands are not installed (pip install .)")
def test_its_commands_lead_from_bags_to_a_detector_for_a_product(tmp_path: Path) -> None:
    pytest.importorskip("rosbags", reason="rosbags is not installed")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    script = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    printed = run_page(script, SMALL, tmp_path, timeout=600)
    assert "The terms of all data allow a commercial use of these weights." in printed
    assert "your own recordings (own)" in printed
    assert "event F1" in printed
    assert (tmp_path / "runs/own/detector.onnx").stat().st_size > 0


def test_its_table_of_terms_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?)(?::.*)? \| (takes|refuses) it \|$", PAGE, re.MULTILINE)
    assert {kind for kind, _, verdict in rows if verdict == "takes"} == COMMERCIAL
    assert {kind: meaning for kind, meaning, _ in rows} == dict(MEANINGS)


@pytest.mark.parametrize("recipe", ["finetune_free.yaml", "finetune_own.yaml"])
def test_actions_of_ones_own_fit_its_recipes(recipe: str) -> None:
    (changes,) = re.findall(r"`(detector\.labels=.*?)`", PAGE)
    run = config.apply_overrides(config.load(FinetuneConfig, ROOT / "config" / recipe), shlex.split(changes))
    assert run.detector.labels == ("none", "lift", "hand_over")
