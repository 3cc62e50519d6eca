"""Everything of ``benchmarks/abuse.py`` in small; what is judged is what came of it, never how fast."""

import contextlib
import importlib
import itertools
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
for name in ("rosbags", "psutil"):
    pytest.importorskip(name, reason=f"{name} is not installed")

from usdrl_ros.inputs.registry import built_in, load  # noqa: E402

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(autouse=True)
def its_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


def test_all_of_it_in_small_is_as_it_should_be(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- begin of the table -->\nstale row\n<!-- end of the table -->\nafter\n", encoding="utf-8"
    )
    command = [sys.executable, str(BENCHMARKS / "abuse.py"), "--short", "--folder", str(tmp_path), "--write", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "stale" not in text
    given = [one for kind in built_in() for one in (kind, *[f"{kind} without depth"] * bool(load(kind).plane))]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == [
        "| spoilt messages, point_cloud",
        "| spoilt messages, marker_array",
        "| spoilt messages, pose_array",
        *(f"| spoilt messages, {kind}, decoded here" for kind in given),
        "| transitions and parameters at random",
        "| SIGINT at a random moment from start to work",
        "| SIGTERM at a random moment from start to work",
        "| `kill -9` in `usdrl data import --replace`",
        "| `kill -9` in `usdrl pretrain`",
        "| `kill -9` in `usdrl finetune`",
        "| hostile files",
        "| 6 people at 30 Hz for 0.1 minutes",
    ]
    for row in rows:
        assert row[1] == row[2] and int(row[1].replace(",", "")) > 0, row


def test_parts_that_do_not_exist_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        importlib.import_module("abuse").main(["--only", "nonsense"])
    assert "'soak'" in capsys.readouterr().err


@pytest.mark.parametrize("beside", [[], ["--beside"]])
def test_a_part_that_breaks_off_after_a_row_is_not_well(monkeypatch, beside: list[str]) -> None:
    row = importlib.import_module("abuse_report").Row

    def run(options):
        yield row(what="the first half", tried=1, good=1, measured="")
        raise RuntimeError("the second half")

    monkeypatch.setitem(sys.modules, "abuse_kills", SimpleNamespace(run=run))
    abuse = importlib.import_module("abuse")
    monkeypatch.setattr(abuse, "use_helpers_of_tests", lambda: None)
    with pytest.raises(RuntimeError, match="the second half"):
        abuse.main(["--only", "kills", *beside])


@pytest.mark.parametrize(("minutes", "good"), [(4.9, 10), (5.0, 0)])
def test_a_soak_that_is_too_short_to_judge_growth_says_so(monkeypatch, minutes: float, good: int) -> None:
    soak, grown = importlib.import_module("abuse_soak"), itertools.count(300.0, 10.0)

    class Growing(contextlib.nullcontext):
        def publish(self, frames, seconds):
            facts = {"latencies": [0.01], "inferences": 10.0, "threads": 9, "descriptors": 20}
            return SimpleNamespace(rss=next(grown), **facts)

    monkeypatch.setattr(soak, "Bench", lambda *arguments: Growing(Growing()))
    (row,) = soak.run(SimpleNamespace(soak_minutes=minutes))
    assert (row.tried, row.good) == (10, good)
    assert ("growth not judged in less than 5 minutes" in row.measured) == bool(good)
    assert ("MiB an hour over the second half" in row.measured) == (not good)


def test_a_node_that_dies_or_is_silent_is_told() -> None:
    with importlib.import_module("abuse_robot").Robot("pose_array") as robot:
        robot.sees_a_wave = lambda: os.kill(robot.child.pid, signal.SIGKILL)
        assert robot.end()[:2] == ["a wave was not told afterwards", "the node ended with -9"]
        assert robot.memory() == 0.0
        assert robot.end()[0] == "the node ended with -9"


@pytest.mark.parametrize("kind", ["point_cloud", "marker_array", "pose_array"])
def test_the_same_seed_spoils_the_same(kind) -> None:
    from usdrl_model.simulation.performance import performance

    messages = importlib.import_module("abuse_messages")
    frames = performance(people=2, seconds=2.0).frames

    def spoilt(seed):
        chance = random.Random(seed)
        made = [messages.spoilt(kind, frames, stamp=1000.0 + n, chance=chance) for n in range(100)]
        return [(what, len(content)) for what, content, _ in made]  # bytes between values are whatever was there

    first = spoilt(3)
    assert spoilt(3) == first != spoilt(4)
    assert len({what.split(",")[0] for what, _ in first}) > 10
