"""At which rate does the detector utkinect10 see people, and how does it decide? Two tables: windows, and decisions.

    python benchmarks/live_settings.py --data stores --out runs/live_settings --seeds 0 1

``--data`` is a store with UTKinect and UTD-MHAD. Only the five training subjects of UTKinect take part: three train and
two are scored, in two ways, through the online pipeline. What is finished in ``--out`` is not computed again; ``--only
0 3`` computes a part, so that several processes can share it. docs/ablations.md holds what came out.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from held_out import kept
from torch import Tensor, nn

from usdrl_model import config
from usdrl_model.checkpoints import code_version, loaded_detector
from usdrl_model.evaluation import detection_scores
from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import EventConfig
from usdrl_model.files import markdown
from usdrl_model.network.detector import Scores
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.finetuning import run_data, sources, train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.run_folder import begun

FILE = Path(__file__).resolve().parent.parent / "config" / "finetune_utkinect10.yaml"
FOLDS = ((("01", "03", "05"), ("07", "09")), (("05", "07", "09"), ("01", "03")))
"""Subjects who train, and who are scored."""
WINDOWS = ((10.0, 64), (10.0, 32), (15.0, 64), (20.0, 64))
"""Frames a second, and frames."""
USUAL = StreamConfig(
    look_ahead=0.4,
    smoothing=0.6,
    events=EventConfig(on_threshold=0.7, off_threshold=0.2, min_duration=0.3, hold=0.3, refractory=0.3),
)
DECISIONS: Mapping[str, StreamConfig] = {
    "usual": USUAL,
    **{f"look-ahead {s:g} s": dataclasses.replace(USUAL, look_ahead=s) for s in (0.2, 0.3, 0.6)},
    **{f"smoothing {s:g} s": dataclasses.replace(USUAL, smoothing=s) for s in (0.3, 0.8, 1.0)},
    **{
        f"thresholds {on:g} and {off:g}": dataclasses.replace(
            USUAL, events=dataclasses.replace(USUAL.events, on_threshold=on, off_threshold=off)
        )
        for on, off in ((0.5, 0.2), (0.6, 0.3), (0.8, 0.2))
    },
    **{
        f"minimum {s:g} s": dataclasses.replace(USUAL, events=dataclasses.replace(USUAL.events, min_duration=s))
        for s in (0.2, 0.4, 0.5)
    },
    **{
        f"hold {s:g} s": dataclasses.replace(USUAL, events=dataclasses.replace(USUAL.events, hold=s))
        for s in (0.2, 0.5)
    },
    "look-ahead 0.6, smoothing 1, minimum 0.5, hold 0.5 s": StreamConfig(
        look_ahead=0.6,
        smoothing=1.0,
        events=EventConfig(on_threshold=0.7, off_threshold=0.2, min_duration=0.5, hold=0.5, refractory=0.3),
    ),
    "look-ahead 0.3, smoothing 0.5, minimum 0.25, hold 0.25 s": StreamConfig(
        look_ahead=0.3,
        smoothing=0.5,
        events=EventConfig(on_threshold=0.7, off_threshold=0.2, min_duration=0.25, hold=0.25, refractory=0.15),
    ),
}
COLUMNS = ("frame accuracy", "F1@10", "F1@25", "F1@50", "false alarms/h", "delay, median", "delay, p90")
Job = tuple[float, int, int, int]
"""Rate, frames, fold, seed."""


class Remembered(nn.Module):
    """A detector that computes every window once: other decisions ask it for the same windows in the same order."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector
        self.answers: list[Scores] = []
        self.asked = 0

    def forward(self, x: Tensor) -> Scores:  # noqa: D102
        if self.asked == len(self.answers):
            self.answers.append(self.detector(x))
        self.asked += 1
        return self.answers[self.asked - 1]


def run_of(job: Job) -> FinetuneConfig:
    """The training of the file, with fewer people and another window."""
    rate, frames, fold, seed = job
    run = config.load(FinetuneConfig, FILE)
    encoder = dataclasses.replace(run.detector.encoder, frames=frames)
    first = dataclasses.replace(run.sources[0], subjects=FOLDS[fold][0])
    return dataclasses.replace(
        run,
        detector=dataclasses.replace(run.detector, rate=rate, encoder=encoder),
        sources=(first, *run.sources[1:]),
        validation_subjects=FOLDS[fold][1],
        seed=seed,
    )


def scored(job: Job, data: Path, out: Path, device: torch.device) -> Mapping[str, Sequence[float]]:
    """Decisions -> what they score on the people left out."""
    run = run_of(job)
    where = out / "-".join(map(str, (*job, config.content_hash(run), code_version.current().hash)))

    def measure(where: Path) -> Mapping[str, Any]:
        store = sources.open_store(run.sources, data)
        given = run_data.recordings(run, store)
        detector = train.train(run, run_data.mixture(run, given), where, device=device, resume=begun(where))
        return decided(detector.cpu(), run, run_data.held_out(run, given))

    return kept(where, measure)


def decided(detector: nn.Module, run: FinetuneConfig, left_out: Sequence[Recording]) -> dict[str, list[float]]:
    """Scores of every way to decide."""
    remembered = Remembered(detector.eval())
    about = loaded_detector.DetectorFileConfig(detector=run.detector, stream=run.stream)
    found = {}
    for name, stream in DECISIONS.items():
        remembered.asked = 0
        weights = loaded_detector.LoadedDetector(
            name="left out",
            path=Path(),
            sha256="",
            detector=remembered,
            config=dataclasses.replace(about, stream=stream),
        )
        found[name] = columns(detection_scores.detection(weights, left_out))
    return found


def columns(scores: Mapping[str, Any]) -> list[float]:
    """The numbers of a row; NaN where there was nothing to be scored."""
    shares = (scores["frame_accuracy"], *scores["segment_f1"].values())
    rest = (scores["false_alarms_per_hour"], *(scores["onset_delay"][key] for key in ("median", "p90")))
    return [
        *(float("nan") if share is None else 100.0 * share for share in shares),
        *(float("nan") if value is None else value for value in rest),
    ]


def tables(found: Mapping[Job, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    """Markdown: a table a window, mean over folds and seeds."""
    for rate, frames in WINDOWS:
        jobs = [scores for job, scores in found.items() if job[:2] == (rate, frames)]
        if not jobs:
            continue
        yield f"\n{frames} frames at {rate:g} Hz ({frames / rate:.1f} s), {len(jobs)} trainings\n"
        rows = []
        for name in DECISIONS:
            means = [statistics.mean(column) for column in zip(*(scores[name] for scores in jobs), strict=True)]
            cells = [*(f"{mean:.1f}" for mean in means[:4]), f"{means[4]:.0f}", *(f"{mean:.2f}" for mean in means[5:])]
            rows.append([name, *cells])
        yield markdown.table(["decisions", *COLUMNS], rows)


def main() -> None:
    """Train what is missing, decide in every way, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="store with utkinect and utd_mhad")
    parser.add_argument("--out", required=True, type=Path, help="folder of all runs, made where missing")
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1), help="default: 0 1")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of the trainings to compute (default: all)")
    parser.add_argument("--device", default="cpu", help="where to train (default: cpu)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    jobs: list[Job] = [
        (rate, frames, fold, seed) for rate, frames in WINDOWS for fold in range(len(FOLDS)) for seed in arguments.seeds
    ]
    chosen = jobs if arguments.only is None else [jobs[index] for index in arguments.only]
    device = torch.device(arguments.device)
    print("\n".join(tables({job: scored(job, arguments.data, arguments.out, device) for job in chosen})))


if __name__ == "__main__":
    main()
