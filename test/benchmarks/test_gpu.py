"""The measurements of speed run on whatever device there is, and say what it cannot do."""

import sys

import pytest
from helpers.paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import gpu
import pretraining_speed


def test_pretraining_is_measured_beside_the_official_formula(capsys: pytest.CaptureFixture) -> None:
    options = ["--device", "cpu", "--encoder", "tiny", "--batch", "2", "--steps", "1", "--precisions", "float32"]
    assert pretraining_speed.main([*options, "--executions", "eager", "cuda_graph"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "| float32 |" in line]
    official, ours, refused = ([cell.strip() for cell in row.split("|")[1:-1]] for row in rows)
    assert float(official[2]) > 0.0 and float(ours[2]) > 0.0
    assert float(ours[4]) < float(official[4])  # fewer products for the same numbers
    assert "needs one process on a CUDA device" in refused[2]


def test_parts_that_fail_or_hang_say_so_and_all_fit_into_eight_minutes() -> None:
    assert gpu.run((sys.executable, "-c", "print('table')"), 20.0) == ("table", True)
    assert gpu.run((sys.executable, "-c", "raise SystemExit('no CUDA here')"), 20.0) == (
        "Not measured: no CUDA here", False
    )  # fmt: skip
    text, good = gpu.run((sys.executable, "-c", "import time; time.sleep(60)"), 0.2)
    assert "not done after" in text and not good
    assert sum(limit for _, _, limit in gpu.parts("cuda")) < 480.0
