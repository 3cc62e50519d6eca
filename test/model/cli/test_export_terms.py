"""An exported file says its terms, and lies beside the texts that it may only be passed on with."""

import json
from pathlib import Path

import pytest
from helpers.paths import ROOT
from helpers.tiny_detector import CONFIG

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.cli import main
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.detector import Detector
from usdrl_model.terms import Kind
from usdrl_model.training import passing_on, permission

LICENCE = (ROOT / "LICENSE-WEIGHTS").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "terms", "verdict"),
    [
        ("free_streaming", "use in products (attribution, free)", "allow a commercial use"),
        ("hri_streaming", "no use in products (", "**Not for commercial use**"),
    ],
)
def test_shipped_weights_take_their_card_and_the_licence_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, terms: str, verdict: str
) -> None:
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library, reason=f"{library} is not installed (extra: onnx)")
    assert main.main(["export", name, str(tmp_path / "out.onnx"), "--windows", "1"]) == 0
    told = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["terms"]
    assert told.startswith(terms)
    printed = capsys.readouterr().out
    steps = [line.partition(" of ")[0] for line in printed.splitlines()[:3]]
    assert steps == ["1", "2", "3"], "what takes a minute says what it does"
    assert f"{'terms:':<20}{told}\n" in printed
    assert f"pass on with {tmp_path / 'out.onnx'}: {tmp_path / 'out.md'}, {tmp_path / 'LICENSE-WEIGHTS'}" in printed
    shipped = ROOT / "usdrl_model" / "checkpoints" / "detectors" / name
    card = (tmp_path / "out.md").read_text(encoding="utf-8")
    assert card == (shipped / "README.md").read_text(encoding="utf-8") and verdict in card
    assert (tmp_path / "LICENSE-WEIGHTS").read_text(encoding="utf-8") == LICENCE


@pytest.mark.parametrize(
    ("kind", "start", "licensed"), [("own", "", False), ("research", "", True), ("own", "free", True)]
)
def test_weights_of_ones_own_are_not_put_under_the_terms_of_the_shipped_ones(
    tmp_path: Path, kind: Kind, start: str, licensed: bool
) -> None:
    made = Provenance(data=(DataUsed(set="own", terms_kind=kind),), complete=True, start=start)
    detector_file.save(tmp_path / "mine", Detector(CONFIG), StreamConfig(), made)
    written = passing_on.write_beside(tmp_path / "out.onnx", detector_file.load(tmp_path / "mine", "cpu"))
    assert [path.name for path in written] == ["out.md", *(["LICENSE-WEIGHTS"] if licensed else [])]
    assert "# mine" in (tmp_path / "out.md").read_text(encoding="utf-8")
    assert (tmp_path / "LICENSE-WEIGHTS").exists() == licensed
    assert permission.in_words(made) == {"own": "use in products (own)"}.get(kind, "no use in products (research)")
