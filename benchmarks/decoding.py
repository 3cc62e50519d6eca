"""How are the scores of frames best turned into segments, and is a TCN beside the detector worth it? A table a method.

    usdrl data import utkinect ~/data/utkinect --store stores
    python benchmarks/decoding.py --data stores --out runs/decoding --threads 1
    python benchmarks/decoding.py detector.encoder.centre=frame --data stores --out runs/decoding --threads 1

Each of the five odd subjects of UTKinect, who are its training part, is scored by networks that were trained on the
other four. What they say of every frame is kept in ``--out``, and not computed again. docs/continuous.md holds what
came out.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

import torch
from held_out import options

from usdrl_model import config
from usdrl_model.data.store import Store
from usdrl_model.evaluation import benchmark_store
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.recordings import config as continuous_config
from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.evaluation.recordings import scores as continuous_scores
from usdrl_model.evaluation.recordings.config import ContinuousConfig
from usdrl_model.evaluation.recordings.methods import Detecting, FrameMethod, Tcn
from usdrl_model.evaluation.recordings.scores import Predicted
from usdrl_model.evaluation.recordings.smoothing import DecodingConfig
from usdrl_model.files import markdown
from usdrl_model.network.detector_config import BACKGROUND_LABEL

METHODS: Sequence[FrameMethod] = (Detecting(init="random"), Tcn())
COLUMNS = {"frame_accuracy": "frame accuracy", "edit": "Edit", "f1@10": "F1@10", "f1@25": "F1@25", "f1@50": "F1@50"}
WAYS = (
    DecodingConfig(smoothing=0.0, min_length=0.0),
    DecodingConfig(smoothing=1.0, min_length=0.8),
    DecodingConfig(smoothing=1.5, background=0.7, min_length=1.1),
    DecodingConfig(smoothing=0.6, decoder="viterbi", change_cost=3.0),
    DecodingConfig(smoothing=0.6, background=0.5, decoder="viterbi", change_cost=3.0),
    DecodingConfig(smoothing=1.0, background=0.5, decoder="viterbi", change_cost=6.0),
    DecodingConfig(smoothing=1.0, background=0.4, decoder="viterbi", change_cost=8.0),
    DecodingConfig(smoothing=2.0, background=0.4, decoder="viterbi", change_cost=8.0),
    DecodingConfig(smoothing=1.0, background=0.4, decoder="viterbi", change_cost=12.0),
    DecodingConfig(smoothing=1.0, background=0.2, decoder="viterbi", change_cost=8.0),
)


def predicted(
    method: FrameMethod, settings: ContinuousConfig, seed: int, store: Store, labels: tuple[str, ...], cells: Cells
) -> list[Predicted]:
    """Posteriors of every frame of everybody, each time trained on all others."""
    networks = Networks(weights=[], recipe=settings.recipe, people=1, device=torch.device("cpu"))
    cut = settings.cut(method.window(networks))
    people = sorted({str(store.describe(index).subject) for index in range(len(store))})
    found: list[Predicted] = []
    for person in people:
        videos = list(frame_scores.videos(store.select(subjects=[person]), labels, cut))
        key = {
            "left out": person, "data": store.hash, "method": method.title, "seed": seed,
            "cut": config.to_dict(cut), **method.depends(networks),
        }  # fmt: skip
        kept = cells.get_posteriors(key)
        if kept is None:
            others = [one for one in people if one != person]
            windows = frame_scores.training(store.select(subjects=others), labels, cut)
            model = method.fit(networks, windows, len(labels), seed=seed).scores
            kept = {video.name: frame_scores.score(video, model, len(labels)) for video in videos}
            cells.put_posteriors(key, kept)
        found += [Predicted(video, kept[video.name]) for video in videos]
    return found


def together(one: Sequence[Predicted], other: Sequence[Predicted]) -> list[Predicted]:
    """What two methods say when they are asked together (``evaluation.fusion``)."""
    return [Predicted(a.video, (a.posterior + b.posterior) / 2.0) for a, b in zip(one, other, strict=True)]


def table(name: str, seeds: Sequence[Sequence[Predicted]], labels: tuple[str, ...]) -> str:
    """Markdown: a row a way to decode, mean over the seeds."""
    lines = []
    for way in WAYS:
        scores = [continuous_scores.segmentation(one, labels, way).scores for one in seeds]
        cells = [f"{statistics.mean(score[column] for score in scores):.1f}" for column in COLUMNS]
        lines.append([described(way), *cells])
    return markdown.table([name, *COLUMNS.values()], lines)


def described(way: DecodingConfig) -> str:
    """In words."""
    if way == WAYS[0]:
        return "argmax"
    last = f"cost {way.change_cost:g}" if way.decoder == "viterbi" else f"{way.min_length:g} s"
    background = f", background {way.background:g}" if way.background < 1.0 else ""
    return f"smoothing {way.smoothing:g} s{background}, `{way.decoder}`, {last}"


def main() -> None:
    """Train what is missing, decode, and print."""
    parser = options(__doc__)
    parser.add_argument("changes", nargs="*", help="to the recipe of config/continuous/segments.yaml, as key=value")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    whole = Store.open(arguments.data).select(sets=["utkinect"])
    labels = (BACKGROUND_LABEL, *benchmark_store.classes(whole, "segmentation"))
    settings = continuous_config.of("utkinect")
    settings = dataclasses.replace(settings, recipe=config.apply_overrides(settings.recipe, arguments.changes))
    store = whole.select(split="cross_subject/train")
    cells = Cells(arguments.out)
    found = [
        [predicted(method, settings, seed, store, labels, cells) for seed in arguments.seeds] for method in METHODS
    ]
    found.append([together(*pair) for pair in zip(*found, strict=True)])
    titles = [method.title for method in METHODS]
    for name, seeds in zip((*titles, ", with ".join(titles)), found, strict=True):
        print(table(name, seeds, labels), end="\n\n")


if __name__ == "__main__":
    main()
