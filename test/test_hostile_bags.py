"""Bags that lie about their size, or compute what they seem to hold, cost little and are said to be wrong."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from hostile_bags import HOSTILE_BAGS, READABLE  # noqa: E402
from hostile_files import MEMORY, SECONDS, Hostile, measure  # noqa: E402


@pytest.mark.parametrize("hostile", HOSTILE_BAGS, ids=lambda hostile: f"{hostile.name}, {hostile.command[2]}")
def test_a_hostile_bag_costs_little(hostile: Hostile, tmp_path: Path) -> None:
    outcome = measure(hostile, tmp_path)
    assert outcome.peak < MEMORY
    assert outcome.cpu < SECONDS
    assert outcome.status == (0 if hostile.name in READABLE and hostile.command[2] == "info" else 2), outcome.said
    assert "Traceback" not in outcome.said
    lines = outcome.said.strip().splitlines()
    assert outcome.status == 0 or (lines[-1].startswith("usdrl-bag: ") and len(lines[-1]) < 600)
