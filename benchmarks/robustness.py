"""What is left of a detector's score when skeletons are disturbed: a table of ratios to the undisturbed score.

    python benchmarks/robustness.py --weights hri --out runs/robustness/hri.json
    python benchmarks/robustness.py --weights runs/x/weights --out FILE --data stores --write docs/robustness.md

Every recording goes through ``ActionStream`` as live. A score is the F1 of events (right person and label, IoU at least
0.25); only labels that detector and recordings share count. The simulated people are others than those of training.
Real recordings are never of test people: without ``--subjects`` those of the set's training part. What ``--out`` holds
already is not computed again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import disturbances as by
import numpy as np
import torch

from usdrl_model.checkpoints import loaded_detector
from usdrl_model.data.store import Store
from usdrl_model.evaluation.predict import predict
from usdrl_model.files import markdown
from usdrl_model.files.atomic_file import write_text
from usdrl_model.inference import load
from usdrl_model.metrics.events import Detection, ScoredRecording, score_events
from usdrl_model.online.stream import ActionStream
from usdrl_model.progress import progress
from usdrl_model.simulation.script import random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton import recording_gaps, topology
from usdrl_model.skeleton.recording import Recording, in_canonical_joints

SEED = 9000
"""Of the first simulated person; those of training begin at 0."""
RATE = 30.0
"""Hz of the undisturbed simulation, of changed speeds and of scenes of several people."""
IOU = 0.25
ENOUGH = 0.9
"""Ratio below which a cell is set in bold."""
ARM_ACTIONS = ("wave", "clap", "throw", "push", "pull", "punch", "swipe_left", "swipe_right", "cross_arms", "drink")
"""Actions that are seen without hips and legs."""
CLEAN = "undisturbed"

Scenes = Sequence[Recording]
Found = list[tuple[Recording, list[Detection]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One disturbance in several strengths."""

    title: str
    levels: Mapping[str, Callable[[Scenes], Scenes]]
    """What stands in the cell -> what disturbs."""
    arms: bool = False
    """Whether there is a second row of arm actions alone, because others need what is missing."""


def rows() -> list[Row]:
    """All disturbances, the order of the table."""
    single = lambda levels: {name: _each(disturb) for name, disturb in levels.items()}  # noqa: E731
    arms = {f"{side} arm": by.missing(by.arm(side)) for side in ("left", "right")}
    below = {"legs": by.missing(by.LEGS), "legs and hips": by.missing((*by.LEGS, *by.HIPS))}
    swaps = {
        f"every {s} s": lambda scenes, s=s: [by.swapping(s)(one) for one in _composed(scenes, 2)] for s in (8, 4, 2)
    }
    return [
        Row("frame rate", single({f"{rate} Hz": by.at_rate(rate) for rate in (60, 30, 15, 8)})),
        Row("speed", single({f"x {factor:g}": by.at_speed(factor, RATE) for factor in (0.5, 2.0)})),
        Row("joints dropping out", single({f"{n} %": by.dropping_out(n / 100) for n in (10, 20, 30, 40, 50)})),
        Row("never seen", single(arms)),
        Row("never seen, below", single(below), arms=True),
        Row("noise", single({f"{n} cm": by.noise(n / 100) for n in (1, 2, 5)})),
        Row("turned", single({f"{n}°": by.turned(n) for n in range(30, 360, 30)})),
        Row("sensor pitched", single({f"{n}°": by.tilted("pitch", n) for n in (-30, -20, -10, 10, 20, 30)})),
        Row("sensor rolled", single({f"{n}°": by.tilted("roll", n) for n in (-30, -20, -10, 10, 20, 30)})),
        Row("people at once", {str(n): partial(_composed, count=n) for n in range(2, 7)}),
        Row("ids of two change places", swaps),
        Row("body height", single({f"{n / 10:g} m": by.tall(n / 10) for n in (12, 14, 16, 18, 20)})),
        Row("joint set", single({" = ".join(names): by.seen_as(names[0]) for names in joint_sets()})),
    ]


def joint_sets() -> list[list[str]]:
    """Names of all joint sets but the canonical one; those that show a body alike are together."""
    alike: dict[tuple[bytes, bytes], list[str]] = {}
    for name in topology.names():
        tracker = topology.topology(name)
        shown = np.round(tracker.matrix @ tracker.fit, 3)
        alike.setdefault((shown.tobytes(), tracker.direct.tobytes()), []).append(name)
    return [names for names in alike.values() if topology.CANONICAL not in names]


def _each(disturb: by.Disturb) -> Callable[[Scenes], Scenes]:
    return lambda scenes: [disturb(one) for one in scenes]


def _composed(scenes: Scenes, count: int) -> Scenes:
    """Scenes of ``count`` people, each recording in one of them (and the first ones in the last, too)."""
    starts = range(0, len(scenes), count)
    return [by.together([scenes[(start + k) % len(scenes)] for k in range(count)], RATE) for start in starts]


def simulated(count: int) -> list[Recording]:
    """Undisturbed recordings of one simulated person and one minute each."""
    found = []
    for seed in range(SEED, SEED + count):
        script = random_script(np.random.default_rng(seed), 60.0)
        found.append(in_canonical_joints(simulate(PerformanceConfig(scripts=(script,), rate=RATE, start=1.0), seed)))
    return found


def recorded(path: Path, name: str, subjects: Sequence[str] | None, most: int) -> list[Recording]:
    """Labelled recordings of one set, evenly chosen; of its training part where nobody is named."""
    store = Store.open(path).select(sets=[name], subjects=subjects, split=None if subjects else "standard/train")
    chosen = np.unique(np.linspace(0, len(store) - 1, min(most, len(store))).round().astype(int))
    return [in_canonical_joints(store.recording(int(index))) for index in chosen]


def found_in(scenes: Scenes, weights: loaded_detector.LoadedDetector) -> Found:
    """What the stream says of every scene."""
    return [(one, list(predict(one, ActionStream(weights, topology=one.topology)).actions)) for one in scenes]


def f1(found: Found, labels: set[str]) -> float:
    """F1 of the events with these labels."""
    scored = [
        ScoredRecording(
            truth=[segment for segment in one.segments if segment.label in labels],
            detections=[action for action in actions if action.label in labels],
            duration=recording_gaps.seconds(np.array([frame.stamp for frame in one.frames])),
        )
        for one, actions in found
    ]
    return score_events(scored, (IOU,)).overall[IOU].f1


def measured(
    scenes: Scenes,
    weights: loaded_detector.LoadedDetector,
    known: dict[str, dict[str, float]],
    keep: Callable[[], None],
) -> None:
    """Fill ``known``: row -> level -> F1. ``keep`` is called after each."""
    labels = {label for one in scenes for label in one.labels} & set(weights.config.detector.labels)
    arms = labels & set(ARM_ACTIONS)
    undisturbed = Row(CLEAN, {"": lambda given: given}, arms=True)
    cells = [(row, level, disturb) for row in (undisturbed, *rows()) for level, disturb in row.levels.items()]
    for row, level, disturb in progress(cells, desc="cells"):
        if level in known.get(row.title, {}):
            continue
        found = found_in(disturb(scenes), weights)
        known.setdefault(row.title, {})[level] = f1(found, labels)
        if row.arms:
            known.setdefault(_of_arms(row.title), {})[level] = f1(found, arms)
        keep()


def _of_arms(title: str) -> str:
    return f"{title}, arm actions"


def table(known: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Markdown: a row a disturbance, a column a source of recordings; in a cell, ratios by strength."""
    titles = [title for row in rows() for title in ([row.title, _of_arms(row.title)] if row.arms else [row.title])]
    lines = [[f"{CLEAN}, F1", *(f"{scores[CLEAN]['']:.3f}" for scores in known.values())]]
    measured = [title for title in titles if any(title in scores for scores in known.values())]
    lines += [[title, *(_cell(title, scores) for scores in known.values())] for title in measured]
    return markdown.table(["disturbance", *known], lines)


def ratios(title: str, scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Strength -> ratio to the undisturbed score of the same labels."""
    clean = scores[_of_arms(CLEAN) if title.endswith(_of_arms("")) else CLEAN][""]
    order = [level for row in rows() for level in row.levels if title.removesuffix(_of_arms("")) == row.title]
    values = dict(sorted(scores[title].items(), key=lambda cell: order.index(cell[0]) if cell[0] in order else -1))
    return {level: value / clean if clean else 0.0 for level, value in values.items()}


def _cell(title: str, scores: Mapping[str, Mapping[str, float]]) -> str:
    if title not in scores:
        return "-"
    parts = (
        f"{level} **{ratio:.2f}**" if ratio < ENOUGH else f"{level} {ratio:.2f}"
        for level, ratio in ratios(title, scores).items()
    )
    return ", ".join(parts)


def summary(known: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """How many cells are too low."""
    return "; ".join(_counted(source, scores) for source, scores in known.items())


def _counted(source: str, scores: Mapping[str, Mapping[str, float]]) -> str:
    cells = [ratio for title in scores if not title.startswith(CLEAN) for ratio in ratios(title, scores).values()]
    return f"{source}: {sum(ratio < ENOUGH for ratio in cells)} of {len(cells)} cells below {ENOUGH}"


def written(page: str, name: str, text: str) -> str:
    """The page with this text as the section of these weights."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if begin not in page:
        page = f"{page.rstrip()}\n\n## {name}\n\n{begin}\n{end}\n"
    return markdown.replace_between_markers(page, begin, end, text)


def sources(arguments: argparse.Namespace) -> Iterator[tuple[str, list[Recording]]]:
    """Name -> undisturbed recordings."""
    yield "simulated", simulated(arguments.minutes)
    for name in arguments.sets if arguments.data else []:
        yield name, recorded(arguments.data, name, arguments.subjects, arguments.recordings)


def main() -> None:
    """Measure what is missing, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="default", help="a detector: name or folder (default: default)")
    parser.add_argument("--out", type=Path, required=True, help="JSON file of the scores, made or gone on with")
    parser.add_argument("--minutes", type=int, default=3, help="simulated people, a minute each (default: 3)")
    parser.add_argument("--data", type=Path, help="store with real recordings (default: simulation alone)")
    parser.add_argument("--sets", nargs="+", default=["utkinect"], help="of the store (default: utkinect)")
    parser.add_argument("--subjects", nargs="+", help="people of these sets (default: their training part)")
    parser.add_argument("--recordings", type=int, default=4, help="at most so many a set (default: 4)")
    parser.add_argument("--write", type=Path, help="page whose section of these weights is written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    weights = load.load(arguments.weights, "cpu")
    content: dict[str, Any] = {"weights": weights.sha256, "scores": {}}
    if arguments.out.exists():
        content = json.loads(arguments.out.read_text(encoding="utf-8"))
        if content["weights"] != weights.sha256:
            parser.error(f"--out {arguments.out} holds the scores of other weights: choose another file")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    keep = lambda: write_text(arguments.out, json.dumps(content, indent=1) + "\n")  # noqa: E731
    for name, scenes in sources(arguments):
        measured(scenes, weights, content["scores"].setdefault(name, {}), keep)
    known = content["scores"]
    text = f"{summary(known)}.\n\n{table(known)}"
    print(text)
    if arguments.write:
        page = arguments.write.read_text(encoding="utf-8")
        write_text(arguments.write, written(page, weights.name, text))


if __name__ == "__main__":
    main()
