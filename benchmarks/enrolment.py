"""Gestures from five examples of other people: how many are recognised, and how many others are taken for them.

    python benchmarks/enrolment.py --encoder foundation --store stores
    python benchmarks/enrolment.py --encoder runs/x --store stores --people p13 p14 p15       # the final test

Clips are one window each; in the stream a window is the last ``--seconds``. The background, with which everything is
compared, never holds the set that is tested, and only training people of the others. Three questions:

    people    MSRC-12: examples of p01 to p05, recall of ``--people`` at 1 % of their other gestures
    classes   the actions of a set: examples of other subjects, recall at 1 % of the other actions of the set
    stream    MSRC-12 from end to end: recall of the action points at 10 false alarms an hour

Beside them dynamic time warping: the distance of joints from the nearest example, after the best alignment in time.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from usdrl_model.checkpoints.pretrained_models import load_encoder
from usdrl_model.data.store import Store
from usdrl_model.evaluation.baselines.nearest import dtw
from usdrl_model.files import markdown
from usdrl_model.gestures.background import Background
from usdrl_model.gestures.gesture import Example, enrol, prototype
from usdrl_model.inference.fold import fold
from usdrl_model.network.dste import DSTE
from usdrl_model.skeleton.clip import Clip
from usdrl_model.windows.resample import resize
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.track import Track, grid_index
from usdrl_model.windows.tracklets import MIN_FRAMES
from usdrl_model.windows.whole_clip import longest, normalised, stretched
from usdrl_model.windows.window import compose

ENROLLED = ("p01", "p02", "p03", "p04", "p05")
CHOSEN = tuple(f"p{number:02}" for number in range(6, 13))
"""People whom choices are made on; p13 to p15 are for the final test."""
SHOTS = 5
ACCEPTED = 0.01
"""Share of others that are taken for the gesture."""
ALARMS = 10.0
"""False alarms an hour."""
EARLY, LATE = 0.5, 2.0
"""Seconds before and after an action point in which a recognition counts for it."""
BEFORE, AFTER = 1.5, 1.0
"""Seconds around an action point that show the gesture."""
HOLD = 0.5
"""Seconds without a recognition that part two events."""
LEVELS = 60
"""Thresholds that are tried in the stream."""
DTW_FRAMES = 16
TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Shown:
    """Windows with a label: N of them."""

    x: Tensor
    """(N, T, M, V, 3)."""
    features: np.ndarray
    """(N, D)."""
    labels: np.ndarray
    """(N,)."""
    people: np.ndarray
    """(N,)."""


@dataclass(frozen=True, slots=True)
class Played:
    """A recording as a robot sees it: N windows, one after another."""

    person: str
    ends: np.ndarray
    """(N,) seconds."""
    features: np.ndarray
    """(N, D)."""
    points: dict[str, list[float]]
    """Label -> its action points, seconds."""

    def at(self, label: str, draw: np.random.Generator) -> np.ndarray:
        """(D,) features of an example of ``label``, not the first or last one."""
        points = self.points[label]
        return self.features[np.abs(self.ends - points[draw.integers(1, len(points) - 1)] - AFTER).argmin()]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="foundation", help="pretrained model or detector")
    parser.add_argument("--store", type=Path, default=Path("stores"), help="with msrc12, --sets and others")
    parser.add_argument("--sets", nargs="*", default=["utd_mhad", "msraction3d", "bandai_namco"], help="for classes")
    parser.add_argument("--people", nargs="+", default=list(CHOSEN), help="of MSRC-12, who are tested")
    parser.add_argument("--seconds", type=float, default=2.4, help="length of a window of the stream")
    parser.add_argument("--stride", type=float, default=0.3, help="seconds between two windows of the stream")
    parser.add_argument("--draws", type=int, default=5, help="draws of the examples")
    parser.add_argument("--tasks", nargs="+", default=["people", "classes", "stream"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = load_encoder(options.encoder)
    bench = Bench(encoder, Store.open(options.store).select(flat=False), options)
    rows = [row for task in options.tasks for row in getattr(bench, task)()]
    print(markdown.table(["question", "bar", "enrolled", "DTW", "enrolled, threshold of its own"], rows))


class Bench:
    """The three questions, of one encoder."""

    def __init__(self, encoder: torch.nn.Module, store: Store, options: argparse.Namespace) -> None:
        self.encoder = fold(encoder) if isinstance(encoder, DSTE) else encoder
        self.shape: WindowShape = encoder.config.window
        self.rate = self.shape.frames / options.seconds
        self.store = store
        self.options = options
        self.cache: dict[str, Shown] = {}

    def people(self) -> list[list[str]]:
        """MSRC-12: other people, other gestures as negatives."""
        shown = self.shown("msrc12")
        return [self.asked(shown, "msrc12", "people: MSRC-12", "85", ENROLLED, self.options.people)]

    def classes(self) -> list[list[str]]:
        """Each set by itself."""
        return [self.asked(self.shown(name), name, f"classes: {name}", "40", (), ()) for name in self.options.sets]

    def asked(
        self, shown: Shown, name: str, title: str, bar: str, enrolled: Sequence[str], tested: Sequence[str]
    ) -> list[str]:
        """One row: recall at ``ACCEPTED``, in percent, and recall with acceptance at the threshold of enrolment."""
        background = self.background(name)
        embedded = background(shown.features)
        small = resize(shown.x, DTW_FRAMES).flatten(2)
        draw = np.random.default_rng(0)
        own, warped, recalled, accepted = [], [], [], []
        for label in sorted(set(shown.labels)):
            for _ in range(self.options.draws):
                examples = draw_examples(shown, label, enrolled, draw)
                left = np.isin(shown.people, tested) if tested else ~np.isin(shown.people, shown.people[examples])
                same = shown.labels == label
                right, others = np.flatnonzero(left & same), np.flatnonzero(left & ~same)
                if len(examples) < SHOTS or len(right) < 3 or len(others) < 50:
                    continue
                scores = embedded @ prototype(embedded[examples])
                distances = dtw(small[np.append(right, others)], small[examples]).amin(dim=1).numpy()
                own.append(recall_at(scores[right], scores[others]))
                warped.append(recall_at(-distances[: len(right)], -distances[len(right) :]))
                known = threshold(shown.features[examples], background)
                recalled.append((scores[right] >= known).mean())
                accepted.append((scores[others] >= known).mean())
        operating = f"{100 * np.mean(recalled):.0f} at {100 * np.mean(accepted):.1f} %"
        return [title, bar, f"{100 * np.mean(own):.1f}", f"{100 * np.mean(warped):.1f}", operating]

    def stream(self) -> list[list[str]]:
        """MSRC-12 from end to end; examples are windows that end ``AFTER`` the action point."""
        background, draw = self.background("msrc12"), np.random.default_rng(0)
        enrolled, played = self.played(ENROLLED), self.played(self.options.people)
        hours = sum(one.ends[-1] - one.ends[0] for one in played) / 3600.0
        best, recalled, alarms = [], [], []
        for label in sorted({label for one in played for label in one.points}):
            for _ in range(self.options.draws):
                examples = np.stack([one.at(label, draw) for one in takes(enrolled, label, draw)])
                direction = prototype(background(examples))
                scores = [background(one.features) @ direction for one in played]
                every = np.sort(np.concatenate(scores))[::-1]
                levels = every[np.unique(np.geomspace(1, len(every) // 4, LEVELS).astype(int))]
                curve = [judged(played, scores, label, level, hours) for level in levels]
                best.append(max((recall for recall, rate in curve if rate <= ALARMS), default=0.0))
                recall, rate = judged(played, scores, label, threshold(examples, background), hours)
                recalled.append(recall)
                alarms.append(rate)
        operating = f"{100 * np.mean(recalled):.0f} at {np.mean(alarms):.0f} an hour"
        return [[f"stream: MSRC-12, {hours:.1f} h", "65", f"{100 * np.mean(best):.1f}", "-", operating]]

    def played(self, people: Sequence[str]) -> list[Played]:
        """The recordings of some people as a robot sees them."""
        found = []
        step = max(1, round(self.options.stride * self.rate))
        for clip in self.store.select(sets=["msrc12"], subjects=people):
            rows = np.flatnonzero(clip.mask[:, 0].any(axis=1))
            rows = rows[np.append(True, np.diff(clip.stamps[rows]) > 0.0)]
            last = grid_index(float(clip.stamps[rows[-1]]), self.rate)
            frames = last - grid_index(float(clip.stamps[rows[0]]), self.rate) + 1
            track = Track(self.rate, frames)
            track.extend(clip.stamps[rows], clip.joints[rows, 0], clip.confidence[rows, 0])
            ends = np.arange(last - frames + 1 + self.shape.frames // 2, last + 1, step)
            x = compose([[track.window(self.shape.frames, int(end))] for end in ends], self.shape)
            points: dict[str, list[float]] = {}
            for segment in clip.segments:
                points.setdefault(segment.label, []).append(segment.start)
            found.append(Played(clip.subject or "", ends / self.rate, self.features(torch.from_numpy(x)), points))
        return found

    def background(self, without: str) -> Background:
        """Of all sets but one."""
        parts = [(name, self.shown(name)) for name in self.store.sets if name != without]
        keys = [(name, label) for name, part in parts for label in part.labels]
        place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        return Background.of("", np.concatenate([part.features for _, part in parts]), [place[key] for key in keys])

    def shown(self, name: str) -> Shown:
        """Labelled clips of a set as one window each: of its training people, in MSRC-12 of those asked for."""
        if name not in self.cache:
            part = self.store.select(sets=[name], split=None if name == "msrc12" else "standard/train")
            if name == "msrc12":
                part = part.select(subjects=[*ENROLLED, *self.options.people])
            found = [
                (stretched(clip, span, longest(clip.mask[span], self.shape.people), self.shape), label, clip)
                for clip in part
                for span, label in spans(clip)
            ]
            x = normalised([one for one, _, _ in found], self.shape)
            labels = np.array([label for _, label, _ in found])
            people = np.array([clip.subject or clip.name for _, _, clip in found])
            self.cache[name] = Shown(x, self.features(x), labels, people)
        return self.cache[name]

    def features(self, x: Tensor) -> np.ndarray:
        """(N, D) of windows (N, T, M, V, 3)."""
        with torch.inference_mode():
            return torch.cat([self.encoder.pooled(self.encoder(part)) for part in x.split(TOGETHER)]).numpy()


def spans(clip: Clip) -> Iterator[tuple[np.ndarray, str]]:
    """Frames (L,) bool of each labelled part of a clip, and its label."""
    if clip.label is not None:
        yield np.ones(len(clip.stamps), bool), clip.label
        return
    for segment in clip.segments:
        point = segment.start == segment.end
        start, end = (segment.start - BEFORE, segment.end + AFTER) if point else (segment.start, segment.end)
        span = (clip.stamps >= start) & (clip.stamps <= end)
        if clip.mask[span].any(axis=(1, 2)).sum() >= MIN_FRAMES:
            yield span, segment.label


def takes(enrolled: Sequence[Played], label: str, draw: np.random.Generator) -> list[Played]:
    """``SHOTS`` recordings of a gesture, each of another person where there are as many."""
    those = [one for one in enrolled if len(one.points.get(label, ())) > 2]
    people = itertools.cycle(sorted({one.person for one in those}))
    chosen = [[one for one in those if one.person == next_] for next_ in itertools.islice(people, SHOTS)]
    return [some[draw.integers(len(some))] for some in chosen]


def draw_examples(shown: Shown, label: str, enrolled: Sequence[str], draw: np.random.Generator) -> list[int]:
    """``SHOTS`` rows of a label, of as many people as possible; some stay to be tested."""
    rows = np.flatnonzero((shown.labels == label) & (np.isin(shown.people, enrolled) if len(enrolled) else True))
    people = draw.permutation(sorted(set(shown.people[rows])))
    people = people if len(enrolled) else people[: max(1, min(SHOTS, len(people) // 2))]
    if not len(people):
        return []
    chosen = itertools.islice(itertools.cycle(people), SHOTS)
    return [int(draw.choice(rows[shown.people[rows] == person])) for person in chosen]


def threshold(features: np.ndarray, background: Background) -> float:
    """The threshold that enrolment chooses."""
    examples = tuple(Example(source="", seconds=1.0, topology="") for _ in features)
    return enrol("gesture", examples, features, background).threshold


def recall_at(right: np.ndarray, others: np.ndarray) -> float:
    """Share of ``right`` above the score that ``ACCEPTED`` of ``others`` reach."""
    return float((right > np.quantile(others, 1.0 - ACCEPTED)).mean())


def judged(
    played: Sequence[Played], scores: Sequence[np.ndarray], label: str, level: float, hours: float
) -> tuple[float, float]:
    """Recall of the action points, and false alarms an hour."""
    hits = points = alarms = 0
    for one, score in zip(played, scores, strict=True):
        over = one.ends[score >= level]
        events = np.split(over, np.flatnonzero(np.diff(over) > HOLD) + 1) if len(over) else []
        times = np.array(one.points.get(label, []))
        near = [(event[0] <= times + LATE) & (event[-1] >= times - EARLY) for event in events]
        points += len(times)
        hits += int(np.any(near, axis=0).sum()) if events and len(times) else 0
        alarms += sum(not event.any() for event in near)
    return hits / max(points, 1), alarms / hours


if __name__ == "__main__":
    main()
