r"""Which recipe carries over: a detector is trained without some sets, and tells the actions of their people.

    usdrl pretrain --config config/pretrain_streaming.yaml --data stores --out runs/without \
        data.sets='[utd_mhad, msrc12, nuisi, bandai_namco, cmu_mocap, sbu]' steps=300
    python benchmarks/carry_over.py init_from=runs/without/weights steps=1200 --store stores \
        --without utkinect msraction3d

Everybody of the sets that are left out is shown to it as live: trimmed clips are laid into streams, and the score of a
frame is that on which a decision is made, ``look_ahead`` (or the detector's delay) behind the newest one. The average
precision of an action is over all frames whose class is known; no threshold takes part, so recipes are compared before
they are calibrated. Change recipes by this, and not by the people of sets that were learnt from.

Letters: N frames, K classes.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.data.store import Store
from usdrl_model.data.vocabulary import Vocabulary
from usdrl_model.evaluation.stream import streams
from usdrl_model.evaluation.stream.protocol import StreamProtocol
from usdrl_model.files import markdown
from usdrl_model.network.detector import Detector
from usdrl_model.training.finetuning import init_from, run_data, train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.mixture import windows_of
from usdrl_model.training.finetuning.source_config import SourceConfig

STRIDE = 4
"""Grid frames between two frames that are scored."""
BATCH = 256


def average_precisions(
    detector: Detector, run: FinetuneConfig, store: Store, words: Vocabulary, name: str, minutes: float
) -> Mapping[str, float]:
    """Label -> average precision on the frames of a set, of the labels that it shows."""
    known = set(run.detector.labels)
    shown = streams.of(store.select(sets=[name]), words, 0, minutes)
    kept = [
        dataclasses.replace(
            one, segments=tuple(s for s in one.segments if s.label in known or s.label not in words.labels)
        )
        for one in shown
    ]
    source = SourceConfig(name=name, split="standard/train")
    windows = windows_of(source, kept, run.detector, max_gap=run.stream.max_gap, stride=STRIDE)
    behind = run.detector.delay or round(run.stream.look_ahead * run.detector.rate)
    told = -1 if run.detector.delay else -1 - behind  # a streaming detector tells of an earlier frame at the newest
    with torch.inference_mode():
        parts = [detector(part).frames[:, told].softmax(dim=1) for part in windows.x.split(BATCH)]
    seen, classes = windows.seen[:, -1 - behind].numpy(), windows.y[:, -1 - behind].numpy()
    scores = torch.cat(parts).numpy()[seen]
    return {
        label: average_precision(classes[seen] == index, scores[:, index])
        for index, label in enumerate(run.detector.labels)
        if index and (classes[seen] == index).any()
    }


def average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    """Mean precision at every true frame; (N,) bool and (N,)."""
    ranked = truth[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean())


def main() -> None:
    """Train, score, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--without", nargs="+", required=True, metavar="SET", help="sets that are left out and scored")
    parser.add_argument("--recipe", default="finetune_streaming.yaml", help="file in config (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=20.0, help="of a set (default: %(default)s)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="for the detector, as a teacher of another")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="to the recipe")
    given = parser.parse_args()
    protocol = StreamProtocol(detector=given.recipe, changes=tuple(given.changes))
    run, words = protocol.training(given.without, 0), protocol.words()
    for path, made in init_from.inherited(run).items():
        if known := sorted(set(made.sets) & set(given.without)):
            parser.error(f"{path} knows {', '.join(known)}: pretrain without, or begin with nothing (init_from='')")
    store = Store.open(given.store)
    store.select(sets=given.without)  # an error of theirs comes before the training
    mixture = run_data.mixture(run, run_data.recordings(run, store))
    detector = train.fit(run, mixture, device=torch.device("cpu"))
    if given.save:
        detector_file.save(given.save, detector, run.stream, init_from.provenance(run, store, "carry_over.py"))
    rows = []
    for name in given.without:
        found = average_precisions(detector, run, store, words, name, given.minutes)
        each = ", ".join(f"{label} {100 * one:.0f}" for label, one in found.items())
        rows.append([name, f"{100 * np.mean(list(found.values())):.1f}", each])
    print(f"{given.recipe} {' '.join(given.changes)}, run {config.content_hash(run)}\n")
    print(markdown.table(["left out", "mean average precision, %", "each"], rows))


if __name__ == "__main__":
    main()
