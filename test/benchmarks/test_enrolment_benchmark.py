"""The benchmark of gestures: those that are far apart are all recognised, and nothing else is."""

import argparse
from types import SimpleNamespace

import numpy as np
import torch

from benchmarks import enrolment
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import DSTE

PEOPLE = np.tile(np.arange(5).astype(str), 60)
SHOWN = np.repeat(np.arange(3), 100)


def test_gestures_that_are_far_apart_are_told_at_the_threshold_of_enrolment() -> None:
    torch.manual_seed(0)
    encoder = DSTE(EncoderConfig(hidden=16, heads=2, people=1, frames=8)).eval()
    store = SimpleNamespace(sets=("mine", "others"))
    bench = enrolment.Bench(encoder, store, argparse.Namespace(seconds=0.8, draws=1))  # type: ignore[arg-type]
    x = torch.randn(len(SHOWN), 8, 1, 25, 3)
    features = bench.features(x)
    for seed, name in enumerate(store.sets):
        apart = np.random.default_rng(seed).normal(scale=20.0, size=(3, features.shape[1])).astype(np.float32)
        bench.cache[name] = enrolment.Shown(x, features + apart[SHOWN], SHOWN.astype(str), PEOPLE)
    _, _, best, _, known = bench.asked(bench.shown("mine"), "mine", "classes", "40", ("0", "1", "2"), ("3", "4"))
    assert best == "100.0" and known == "100 at 0.0 %"
