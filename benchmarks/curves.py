"""What a decision costs: against the length of the window, and against the number of people.

    python benchmarks/curves.py --picture docs/images/cost.png        # three minutes

Processor time of the network alone, one torch thread, for one new grid frame of everybody: the two architectures that
ship, with random weights for other lengths, and ``hri`` by the formula of the official code ("plain" of ``usdrl
bench``). Beside them, networks as users know them, which compute their window anew: one of the family of ST-GCN++
(``stgcn.py``) and the 1D-CNN of the baselines. All take turns; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from stgcn import STGCN

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.evaluation.baselines.networks import CNN
from usdrl_model.files import markdown
from usdrl_model.inference import in_torch, load
from usdrl_model.network.detector import Detector
from usdrl_model.network.official_formula import published
from usdrl_model.plots.figure import blank_figure
from usdrl_model.plots.timeline import COLOURS

LENGTHS = (16, 32, 48, 64, 96, 128)
PEOPLE = (1, 2, 6, 20)
OFFICIAL = "official formula"
"""``hri``, neither folded nor packed."""
OWN = {"hri": 32, OFFICIAL: 32, "ST-GCN++-like": 100, "1D-CNN": 32}
"""Frames of the windows where the number of people varies; 100 are those of ST-GCN++ as published."""
STREAMING = "hri_streaming"
Call = Callable[[], object]


def calls(length: int, people: int) -> dict[str, Call]:
    """Name -> what one decision on so many people computes, with windows of so many frames."""
    windows = np.random.default_rng(0).normal(0.0, 0.3, (people, length, 1, 25, 3)).astype(np.float32)
    x = torch.from_numpy(windows)
    trained = detector("hri", length)
    ours = in_torch.accelerate(trained)
    official = dataclasses.replace(trained, detector=published(trained.trained))
    graph, cnn = STGCN().eval(), CNN(6 * 25, len(ours.config.detector.labels)).eval()
    return {
        "hri": lambda: load.answers(ours, windows),
        OFFICIAL: lambda: load.answers(official, windows),
        STREAMING: step(people),
        "ST-GCN++-like": lambda: graph(x),
        "1D-CNN": lambda: cnn(x),
    }


def detector(name: str, length: int) -> LoadedDetector:
    """A shipped detector, or one like it of another length with random weights, as it was trained."""
    loaded = detector_file.load(name, "cpu")
    encoder = dataclasses.replace(loaded.config.detector.encoder, frames=length)
    config = dataclasses.replace(loaded.config, detector=dataclasses.replace(loaded.config.detector, encoder=encoder))
    other = dataclasses.replace(loaded, config=config, detector=Detector(config.detector).eval())
    return loaded if length == loaded.config.detector.encoder.frames else other


def step(people: int) -> Call:
    """A step of the streaming detector, which has no window."""
    plain = detector_file.load(STREAMING, "cpu")
    weights = in_torch.accelerate(plain)
    joints = np.random.default_rng(0).normal(0.0, 0.3, (people, 1, 25, 3)).astype(np.float32)
    state = plain.trained.empty(people).numpy()

    def one() -> None:
        nonlocal state
        state = load.advance(weights, joints, state)[1]

    return one


def milliseconds(calls_: Mapping[str, Call], seconds: float) -> dict[str, float]:
    """Median processor time of each, in turns, for so long."""
    taken: dict[str, list[float]] = {name: [] for name in calls_}
    with torch.inference_mode():
        for call in calls_.values():
            call()
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(next(iter(taken.values()))) < 5:
            for name, call in calls_.items():
                before = time.process_time()
                call()
                taken[name].append(1e3 * (time.process_time() - before))
    return {name: float(np.median(times)) for name, times in taken.items()}


def measured(seconds: float) -> tuple[dict[int, dict[str, float]], dict[int, dict[str, float]]]:
    """Milliseconds by length for one person, and by people at the lengths of ``OWN``."""
    by_length = {length: milliseconds(calls(length, 1), seconds) for length in LENGTHS}
    names = by_length[LENGTHS[0]]
    by_people = {}
    for people in PEOPLE:
        own = {name: calls(OWN.get(name, LENGTHS[0]), people)[name] for name in names}
        by_people[people] = milliseconds(own, seconds)
    return by_length, by_people


def draw(path: Path, tables: Mapping[str, Mapping[int, Mapping[str, float]]]) -> None:
    """One panel a table, milliseconds on a logarithmic axis; lines have markers, so that no colour is needed."""
    figure = blank_figure(8.0, 3.4)
    panels = figure.subplots(1, len(tables), sharey=True)
    for axes, (title, table) in zip(panels, tables.items(), strict=True):
        for place, name in enumerate(next(iter(table.values()))):
            values = [row[name] for row in table.values()]
            axes.plot(list(table), values, marker="osD^v"[place], color=COLOURS[place], label=name)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
        axes.set_xticks(list(table))
        axes.set_xlabel(title)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("ms of one core, a decision")
    panels[0].legend(fontsize=8)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="draw the tables into this file")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each cell's row")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    by_length, by_people = measured(arguments.seconds)
    lengths = ", ".join(f"{name} {length}" for name, length in OWN.items())
    tables = {"frames of the window, one person": by_length, f"people (frames: {lengths})": by_people}
    for title, table in tables.items():
        names = list(next(iter(table.values())))
        print(
            markdown.table([title, *names], [[x, *(f"{row[name]:.2f}" for name in names)] for x, row in table.items()])
        )
        print()
    if arguments.picture:
        draw(arguments.picture, {"frames of the window, one person": by_length, "people": by_people})


if __name__ == "__main__":
    main()
