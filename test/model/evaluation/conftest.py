"""Stores of the made-up benchmarks, in ``tmp_path / "stores"``."""

from pathlib import Path

import pytest
from helpers.continuous_recordings import points_in, segments_in
from helpers.small_benchmark import BENCHMARK, utd
from helpers.undrawn_losses import losses_drawn, losses_undrawn  # noqa: F401

from usdrl_model.data.store import Store
from usdrl_model.evaluation.benchmark_store import open_benchmark


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Clips of three classes."""
    return open_benchmark(BENCHMARK, utd(tmp_path / "stores"))


@pytest.fixture
def segments(tmp_path: Path) -> Store:
    """Recordings whose actions have a start and an end."""
    return segments_in(tmp_path)


@pytest.fixture
def points(tmp_path: Path) -> Store:
    """Recordings whose actions are labelled at one instant."""
    return points_in(tmp_path)
