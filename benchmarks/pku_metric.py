"""What scoring PKU-MMD costs: the whole protocol on all label files, with as many proposals as a detector makes.

    python benchmarks/pku_metric.py ~/data/pku_mmd/V1_Label.zip
    python benchmarks/pku_metric.py labels/ --proposals 1000000

The proposals are made from the labels: one near every true interval with a random confidence, and unsure ones of random
classes, lengths and places up to the number asked for. One thread. Prints a Markdown table: the seconds of five runs,
best and worst, and how many proposals that is a second. The scores are of no use; they show that all was computed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from usdrl_model.data.importers import pku_mmd
from usdrl_model.data.importers.files import members
from usdrl_model.files import markdown
from usdrl_model.metrics.average_precision import CONFIDENCE, END, START, segment_map
from usdrl_model.metrics.pku_mmd import ACTIONS, THETA, read_rows, score

RUNS = 5


def labels(path: Path) -> dict[str, np.ndarray]:
    """Video -> (G, 4) rows, of a folder or an archive of label files."""
    found = members(path, r"(?P<name>\d{4}-[LMR])\.txt$", pku_mmd.INFO)
    return {member.match["name"]: read_rows(member.text(), member.where) for member in found}


def perturbed(truth: dict[str, np.ndarray], count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Video -> (P, 4) proposals, ``count`` in all or one a true interval, whichever is more."""
    extra = max(count - sum(map(len, truth.values())), 0)
    shares = rng.multinomial(extra, np.full(len(truth), 1 / len(truth)))
    found = {}
    for (video, intervals), unsure in zip(truth.items(), shares, strict=True):
        near = intervals.copy()
        near[:, START : END + 1] += np.round(rng.normal(0.0, 12.0, (len(near), 2)))
        near[:, CONFIDENCE] = rng.uniform(0.05, 1.0, len(near))
        starts = rng.integers(0, int(intervals[:, END].max()), unsure)
        lengths = rng.integers(1, 150, unsure)
        far = [rng.integers(1, ACTIONS + 1, unsure), starts, starts + lengths, rng.uniform(0.02, 0.3, unsure)]
        found[video] = np.concatenate([near, np.stack(far, axis=1)])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, help="label files of phase 1: a folder, or V1_Label.zip")
    parser.add_argument("--proposals", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    begun = time.perf_counter()
    truth = labels(options.labels)
    read = time.perf_counter() - begun
    found = perturbed(truth, options.proposals, np.random.default_rng(options.seed))
    size = sum(map(len, found.values()))
    print(
        f"{len(truth)} label files, {sum(map(len, truth.values()))} intervals (read in {read:.2f} s), {size} proposals"
    )
    rows = []

    def protocol() -> str:
        scores = score(truth, found)
        return f"mAP over actions {scores.map_action:.4f}, over videos {scores.map_video:.4f}, F1 {scores.f1:.4f}"

    def standard() -> str:
        return f"{segment_map(list(truth.values()), list(found.values()), (THETA,))[THETA]:.4f}"

    for name, scored in (("PKU-MMD protocol", protocol), ("segment mAP", standard)):
        seconds = []
        for _ in range(RUNS):
            begun = time.perf_counter()
            result = scored()
            seconds.append(time.perf_counter() - begun)
        rows.append([name, f"{min(seconds):.3f} to {max(seconds):.3f}", f"{size / min(seconds):,.0f}", result])
    print("\n" + markdown.table(["", "seconds, best to worst of 5", "proposals a second", "score"], rows))


if __name__ == "__main__":
    main()
