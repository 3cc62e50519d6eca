"""Shipped weights, windows and events give the answers that they gave before.

If a test fails here, an answer has moved: find the change that moved it. If it was meant to, write the new answers with
``python test/test_answers.py``, and say in the commit which ones moved, and why.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from usdrl_model.checkpoints import detector_file, shipped
from usdrl_model.checkpoints.pretrained_models import load_encoder
from usdrl_model.inference import load
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.faults import TYPICAL_FAULTS
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_model.windows.cut import Windows, cut
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import tracklets

STORED = Path(__file__).with_name("answers.json")


@cache
def recording() -> Recording:
    """39 s of two people as a body tracker sees them."""
    return simulate(PerformanceConfig(rate=30.0, faults=TYPICAL_FAULTS), seed=3)


@cache
def windows(shape: WindowShape) -> Windows:
    """All of the recording, at 10 Hz."""
    labels = detector_file.load("default", "cpu").config.detector.labels
    found = tracklets(recording(), labels, rate=10.0, max_gap=0.5)
    return cut(found, shape, stride=16)


def sums(values: torch.Tensor) -> list[float]:
    """A weighted sum of each item along the first axis: it moves with every value."""
    items = values.double().flatten(1)
    weights = np.random.default_rng(0).standard_normal(items.shape[1]) / items.shape[1] ** 0.5
    return np.round((items @ torch.from_numpy(weights)).tolist(), 7).tolist()


def files() -> dict[str, str]:
    """SHA-256 of the weights and the configurations."""
    return {
        f"{one.kind}/{one.name}/{name}": hashlib.sha256((one.folder / name).read_bytes()).hexdigest()
        for one in shipped.registry()
        for name in ("model.safetensors", "config.json")
    }


@torch.inference_mode()
def networks() -> dict[str, list[float]]:
    """Outputs of every shipped model, one number a window."""
    answers = {}
    for name in shipped.names("detector"):
        for how, weights in (("as stored", detector_file.load(name, "cpu")), ("folded", load.load(name, "cpu"))):
            scores = weights.detector(windows(weights.config.detector.encoder.window).x)
            answers[f"{name}, {how}, frames"] = sums(scores.frames)
            answers[f"{name}, {how}, clip"] = sums(scores.clip)
    for name in shipped.names("encoder"):
        encoder = load_encoder(name)
        tokens = encoder(windows(encoder.config.window).x)
        answers[f"{name}, pooled"] = sums(encoder.pooled(tokens))
        answers[f"{name}, dense"] = sums(encoder.dense(tokens))
    return answers


def cut_windows() -> dict[str, list[float]]:
    """Windows of a person alone and of pairs, their classes, and which frames somebody was seen in."""
    return {
        f"{people} people, {part}": sums(getattr(windows(WindowShape(frames=32, people=people)), part))
        for people in (1, 2)
        for part in ("x", "y", "seen")
    }


def told() -> list[dict]:
    """Every event of the recording, from the stream with the default detector."""
    stream = ActionStream(load.load("default", "cpu"), topology=recording().topology)
    events = [event for frame in recording().frames for event in stream.push(frame)]
    return [
        {
            "kind": event.kind,
            "person": event.person,
            "label": event.label,
            "onset": round(event.onset, 3),
            "offset": None if event.offset is None else round(event.offset, 3),
            "stamp": round(event.stamp, 3),
            "score": round(event.score, 7),
        }
        for event in events
    ]


def test_files_of_weights() -> None:
    assert files() == stored("files")


@pytest.mark.parametrize("answers", [networks, cut_windows])
def test_numbers(answers) -> None:
    now, before = answers(), stored(answers.__name__)
    assert now.keys() == before.keys()
    for name in now:
        assert now[name] == pytest.approx(before[name], abs=1e-5), name


def test_events() -> None:
    now, before = told(), stored("told")
    score = [[event.pop("score") for event in events] for events in (now, before)]
    assert now == before
    assert score[0] == pytest.approx(score[1], abs=1e-5)


def stored(part: str):
    return json.loads(STORED.read_text(encoding="utf-8"))[part]


if __name__ == "__main__":
    torch.set_num_threads(1)
    answers = {part.__name__: part() for part in (files, networks, cut_windows, told)}
    STORED.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {STORED}")
