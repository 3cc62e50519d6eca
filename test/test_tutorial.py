"""docs/tutorial.md, command by command as a reader types them, with short recordings and two steps of training."""

import re
import shutil
from pathlib import Path

import pytest
from helpers.page_commands import BIN, run_page
from helpers.paths import ROOT

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
SMALL = {
    "--duration 120": "--duration 10",
    "--seconds 5": "--seconds 0.5",
    "--out runs/own\n": "--out runs/own steps=2\n",
    "--wait 20": "--wait 20 --rate 2",
}
"""What is different in the test, and has to be in the text."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL, re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(not shutil.which("usdrl-bag", path=BIN), reason="the commands are not installed (pip install .)")
def test_ten_commands_lead_from_a_bag_to_a_running_detector(tmp_path: Path) -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    commands, (watch,) = blocks("sh"), blocks("python")
    assert len(commands) == 10
    (tmp_path / "watch.py").write_text(watch, encoding="utf-8")
    printed = run_page(f"{''.join(commands)}wait\n", SMALL, tmp_path, timeout=300)
    for made in ("frame.png", "person1.gif", "runs/own/weights/model.safetensors", "out/person3/person3.png"):
        assert (tmp_path / made).stat().st_size > 0, made
    assert "event F1" in printed
    assert re.search(r"^\{'1': .*\}$", printed, re.MULTILINE), "the client saw the person"
