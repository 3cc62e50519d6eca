"""Stores of the made-up benchmarks, in ``tmp_path / "stores"``."""

import dataclasses
from pathlib import Path

import pytest
from helpers.continuous_recordings import points_in, segments_in
from helpers.left_out import WORDS
from helpers.small_benchmark import BENCHMARK, utd
from helpers.trimmed import trimmed
from helpers.undrawn_losses import losses_drawn, losses_undrawn  # noqa: F401

from usdrl_model import config
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
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


@pytest.fixture
def left_out(tmp_path: Path) -> Path:
    """Two sets of trimmed clips, one a person and label, under whose protocols subject 2 is tested."""
    for name, tags in (("utd_mhad", {}), ("msraction3d", {"listed": "yes"})):
        clips = [
            dataclasses.replace(trimmed(label, who), name=f"{label}{who}", tags=tags)
            for label in ("wave", "clap")
            for who in (("1", "2") if name == "utd_mhad" else ("01", "02"))
        ]
        write_set(tmp_path / "stores", name, clips)
    config.dump(WORDS, tmp_path / "words.yaml")
    return tmp_path / "stores"
