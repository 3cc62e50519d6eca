"""``usdrl info``: what a report of a bug needs, on one screen."""

import pytest

from usdrl_model.checkpoints import detector_file, shipped
from usdrl_model.cli import main


def test_what_a_report_of_a_bug_needs_fits_on_a_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    assert main.main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 25 and max(map(len, lines)) < 250
    told = dict(line.split(":", 1) for line in lines)
    assert {"onnxruntime", "torch", "python", "ROS_DISTRO"} <= set(told)
    assert told["RMW_IMPLEMENTATION"].strip() == "rmw_cyclonedds_cpp"
    assert [one.split()[0] for one in told["weights"].split(",")] == shipped.names("detector")
    default = detector_file.load("default", "cpu")
    assert f"{default.name} {default.sha256[:12]}" in told["weights"], "as the node logs them"


def test_weights_that_are_missing_are_told_with_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    broken = shipped.Shipped(name="hri", kind="detector", folder=tmp_path)
    monkeypatch.setattr(shipped, "registry", lambda kind: [broken])
    assert main.main(["info"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("weights:"))
    assert line.split(":", 1)[1].strip().startswith("hri cannot be read (")
