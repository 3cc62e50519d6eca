"""Bags that lie about their size, or compute what they seem to hold, cost little and are said to be wrong."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.hostile import Hostile, faults, measure  # noqa: E402
from helpers.hostile_bags import HOSTILE_BAGS  # noqa: E402


@pytest.mark.parametrize("hostile", HOSTILE_BAGS, ids=lambda hostile: f"{hostile.name}, {hostile.command[2]}")
def test_a_hostile_bag_costs_little(hostile: Hostile, tmp_path: Path) -> None:
    outcome = measure(hostile, tmp_path)
    assert faults(hostile, outcome) == [], outcome.said
