"""Short bags of one person who waves: what is in them, how they are played, and what commands say of them."""

from dataclasses import replace
from pathlib import Path

import pytest
import rclpy

from usdrl_model.simulation.script import Act
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags import play
from usdrl_ros.bags.storage import BagReader

RATE = 10.0


def acted(seconds: float = 2.0) -> Recording:
    acts = (Act(action="idle", seconds=1.0), Act(action="wave", seconds=seconds))
    found = simulate(PerformanceConfig(scripts=(acts,), rate=RATE, start=10.0), 1)
    return replace(found, labels=("wave",), segments=tuple(s for s in found.segments if s.label == "wave"))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    found = capsys.readouterr()
    assert "Traceback" not in found.out + found.err
    return found.out + found.err


def played(node: rclpy.node.Node, bag: Path, **options: object) -> tuple[int, list[str], list[int]]:
    stamps: list[int] = []
    with BagReader(bag) as reader:
        player = play.Player(node, reader, play.PlayOptions(rate=100.0, **options))  # type: ignore[arg-type]
        count = player.play(lambda found: stamps.append(found.stamp_ns))
        return count, player.warnings(), stamps
