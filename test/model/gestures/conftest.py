"""Weights that tell gestures, and the background of them."""

from pathlib import Path

import pytest
from helpers.gestures import weights_with_background

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.gestures.background import Background, find
from usdrl_model.inference import load


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    weights_with_background(folder)
    return folder


@pytest.fixture(scope="module")
def detector(weights: Path) -> LoadedDetector:
    return load.load(weights, "cpu")


@pytest.fixture(scope="module")
def background(detector: LoadedDetector) -> Background:
    return find(detector)
