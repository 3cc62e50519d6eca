"""A detector with a background of simulated people, and people who make a gesture."""

import shutil
from pathlib import Path

import numpy as np

from helpers.acting import script
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.gestures import background, examples
from usdrl_model.gestures.background import Background
from usdrl_model.inference import load
from usdrl_model.simulation.script import random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training import gesture_background

WEIGHTS = "hri"
GESTURE = "raise_both_arms"
"""An act of the performer that is none of the actions of these weights."""


def performed(seed: int, *acts: tuple[str, float], start: float = 0.0) -> Recording:
    """One person, who is another one for each seed."""
    return simulate(PerformanceConfig(scripts=(script(*acts),), rate=30.0, start=start), seed)


def weights_with_background(folder: Path) -> Background:
    """Copy the weights into ``folder``, with a background of some minutes of people who do something else."""
    shutil.copytree(detector_file.resolve(WEIGHTS), folder, dirs_exist_ok=True)
    scripts = (random_script(np.random.default_rng(seed), 80.0) for seed in range(3))
    recordings = (simulate(PerformanceConfig(scripts=(one,)), seed) for seed, one in enumerate(scripts))
    made = gesture_background.make(load.load(folder, "cpu"), (("performer", one) for one in recordings))
    made.save(folder / background.NAME)
    return made


def shown(detector: LoadedDetector, seed: int, **span: float) -> examples.Shown:
    """An example of the gesture, by somebody else for every seed."""
    config = detector.config.detector
    recording = performed(seed, ("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0))
    return examples.from_recording(recording, config.rate, config.encoder.window, **span)
