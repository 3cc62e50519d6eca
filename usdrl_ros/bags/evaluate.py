"""``usdrl-evaluate-bag``: scores of a detector on labelled bags, offline or through the live node.

::

    usdrl-evaluate-bag bags/s01_e01 bags/s01_e02 --out out/evaluation
    usdrl-evaluate-bag bags --jobs 4                   # every labelled bag below a folder; stopped, it goes on
    usdrl-evaluate-bag bags/s01_e01 --live
    usdrl-evaluate-bag bags/sbu --pair-weights pairs   # what two people do with each other
    usdrl-evaluate-bag bags --label-names names.yaml   # labels that the weights call otherwise
    usdrl-evaluate-bag bags --weights default --weights hri    # side by side

Offline, the messages go into the same adapters and stream as in the node. ``--live`` starts the node as a process,
plays the bag over DDS and records the published events, which also measures the latency. Both write ``results.json``,
``results.md`` and a picture per bag.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from usdrl_model import __version__
from usdrl_model.checkpoints import code_version
from usdrl_model.cli.common import Defaults, add_beside, device_name, reported
from usdrl_model.config import to_dict
from usdrl_model.data.content_check import Verdict
from usdrl_model.errors.shown import shown
from usdrl_model.files import limits
from usdrl_model.files.atomic_file import write_text
from usdrl_model.files.documents import parse_json
from usdrl_model.online.pretrained import Pretrained, beside, describe, known_labels
from usdrl_model.plausibility.findings import Level
from usdrl_model.plots.timeline import draw_timeline, truth_above_detection
from usdrl_model.progress import progress
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_ros.bags import asked_weights, comparison, label_names
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.gathered import check_names, labelled_bags, usable
from usdrl_ros.bags.labelled_bag import BagRun, LabelledBag
from usdrl_ros.bags.live_replay import LiveNode, alike
from usdrl_ros.bags.replays import replay_all
from usdrl_ros.bags.scores import describe_run, found_actions, judges, markdown, score_runs
from usdrl_ros.processes.children import ChildError, exit_on_sigterm

RESULTS = "results.json"
MOST_JOBS = 256
SHORT = 1.0
"""Seconds of a bag in which nobody can begin an action and be told of, with the look-ahead and the least duration."""


def evaluate(
    bags: Sequence[LabelledBag], made_of: Pretrained, *, rate: float | None = None, jobs: int = 1,
    kept: Path | None = None, left_out: Mapping[str, str] | None = None, names: Mapping[str, str] | None = None,
) -> tuple[list[BagRun], dict[str, Any]]:  # fmt: skip
    """Replay bags and score the detections.

    Args:
        bags: at least one; their scores are pooled.
        made_of: weights, those of pairs and gestures.
        rate: None evaluates offline; a number plays the bags to a live node at this rate.
        jobs: processes that replay bags offline.
        kept: folder of finished replays, see ``replays.replay_all``.
        left_out: bags that were to be scored and cannot be: name -> why.
        names: labels of the bags -> of the weights, as ``label_names.load`` gives them.

    Returns:
        One run per bag, its truth in the labels of the weights, and the results, ready for JSON.

    Raises:
        BagError: no bags, or a rate that is not positive.
        ValueError, FileNotFoundError: weights or gestures cannot be used.
        ChildError: the live node failed, or a process of ``jobs`` was killed.
    """
    if not bags:
        raise BagError("expected at least one bag")
    check_rate(rate)
    check_names([bag.path for bag in bags])
    streams = made_of.streams(sorted({bag.truth.topology for bag in bags}))
    names = names or {}
    offline = _by_names(replay_all(bags, streams, made_of=made_of, jobs=jobs, folder=kept), names)
    runs = offline if rate is None else _by_names(_replay_live(bags, made_of, rate), names)
    first = next(iter(streams.values()))
    results: dict[str, Any] = {
        "schema": "usdrl.evaluation/1",
        "version": __version__,
        "commit": code_version.current().commit or None,
        "mode": "offline" if rate is None else "live",
        "rate": rate,
        "model": describe(first),
        **{
            f"{name}_{fact}": value
            for name, loaded in {"weights": first.weights, **beside(first)}.items()
            for fact, value in (("sha256", loaded.sha256), ("provenance", to_dict(loaded.config.provenance)))
        },
        "stream": to_dict(first.config),
        "bags": [describe_run(run, known_labels(first)) for run in runs],
        "left_out": dict(left_out or {}),
        "label_names": dict(names),
        "scores": score_runs(runs, known_labels(first)),
    }
    results["warnings"] = [
        *(f"{name} is left out: {why}." for name, why in results["left_out"].items()),
        *label_names.unused(names, bags),
        *_warnings(runs, offline, known_labels(first)),
    ]
    return runs, results


def check_rate(rate: float | None) -> None:
    """Refuse a rate of the live node that is not above 0; BagError."""
    if rate is not None and not rate > 0.0:
        raise BagError(f"--rate: expected a number above 0, got {rate:g}")


def check_results(folder: Path, sha256: str) -> None:
    """Refuse a folder with the results of other weights, which would be overwritten; BagError."""
    try:
        results = parse_json(limits.read(folder / RESULTS, limits.TEXT), RESULTS, limits.TEXT)
        other = results["weights_sha256"] != sha256 and shown(results["model"]["weights"])
    except (OSError, ValueError, TypeError, KeyError):
        return  # none of ours
    if other:
        raise BagError(
            f"--out {folder}: has the results of other weights ({other}): choose another folder, or remove it"
        )


def save(runs: Sequence[BagRun], results: dict[str, Any], folder: str | Path) -> None:
    """Write ``results.json``, ``results.md`` and ``<bag>.png`` into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / RESULTS, json.dumps(results, indent=1, allow_nan=False) + "\n")
    write_text(folder / "results.md", markdown(results))
    for run in runs:
        draw_run(run, folder / f"{run.bag.name}.png", run.bag.name)


def draw_run(run: BagRun, path: str | Path, title: str) -> None:
    """Draw one run: the truth above the detections, with a title."""
    found = found_actions(run)
    doubtful = [segment.label for segment in run.bag.truth.segments if segment.label == AMBIGUOUS]
    labels = dict.fromkeys((*run.bag.truth.labels, *(action.label for action in found), *doubtful))
    time = run.bag.time()  # long gaps are shortened
    truth = [replace(s, start=time.at(s.start), end=time.at(s.end)) for s in run.bag.truth.segments]
    found = [replace(action, start=time.at(action.start), end=time.at(action.end)) for action in found]
    rows = truth_above_detection(truth, found)
    draw_timeline(path, rows, list(labels), start=0.0, end=time.end, title=title)


def _by_names(runs: Sequence[BagRun], names: Mapping[str, str]) -> list[BagRun]:
    """The runs with their truth by other names; not before, because the labels of a bag also say how it is read."""
    return [replace(run, bag=label_names.renamed(run.bag, names)) for run in runs]


def _replay_live(bags: Sequence[LabelledBag], made_of: Pretrained, rate: float) -> list[BagRun]:
    """One run per bag; bags with the same parameters share a node."""
    runs: dict[Path, BagRun] = {}
    with progress(total=sum(bag.duration for bag in bags) / rate, desc="live", unit="s", leave=False) as bar:
        for group in alike(bags):
            with LiveNode(group[0], made_of, rate=rate) as node:
                for bag in group:
                    runs[bag.path] = node.replay(bag)
                    bar.update(bag.duration / rate)
    return [runs[bag.path] for bag in bags]


def _warnings(runs: Sequence[BagRun], offline: Sequence[BagRun], labels: Sequence[str]) -> list[str]:
    """Warnings about the scores."""
    found = []
    done = {segment.label for run in runs for segment in run.bag.truth.segments}
    if unknown := sorted(done - {AMBIGUOUS, *labels}):
        found.append(f"The weights have no label {', '.join(unknown)}: these actions count as missed.")
    for run, reference in zip(runs, offline, strict=True):
        if run.bag.duration < SHORT:
            found.append(f"{run.bag.name}: {run.bag.duration:.1f} s are too short for an action to be told.")
        if not judges(run.bag, labels):
            found.append(
                f"{run.bag.name}: nothing that the weights know is annotated: its time counts for no false alarm, its"
                " frames for no accuracy."
            )
        if points := sum(segment.start == segment.end for segment in run.bag.truth.segments):
            found.append(f"{run.bag.name}: {points} labels are points: nothing overlaps them, they count as missed.")
        found += [f"{run.bag.name}: {finding.text}." for finding in run.bag.findings if finding.level > Level.NOTE]
        found += [f"{run.bag.name}: {text}." for text in run.bag.warnings()]
        if run is reference:
            continue
        if run.lost_messages:
            found.append(f"{run.bag.name}: {run.lost_messages} messages did not reach the node.")
        if skipped := run.counters.get("skipped_slots", 0):
            found.append(f"{run.bag.name}: {skipped} inference slots were skipped.")
        if found_actions(run) != found_actions(reference):
            found.append(f"{run.bag.name}: the detections of the live node differ from those of the offline replay.")
    return found


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="usdrl-evaluate-bag",
        description="Score the detector on labelled bags (a labels.yaml beside the bag), pooled over all of them.",
        formatter_class=Defaults,
    )
    command.add_argument(
        "bags", nargs="+", metavar="BAG", help="folder of a bag with its labels.yaml, or a folder of such"
    )
    command.add_argument("--live", action="store_true", help="through the perception node and DDS, with latency")
    command.add_argument("--rate", type=float, default=1.0, help="with --live: seconds of the bag per second")
    command.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="processes that replay bags offline")
    command.add_argument(
        "--weights",
        action="append",
        help="shipped detector, folder or .onnx file (default: default); given several times, they are compared, by"
        " names of your own where it is NAME=WEIGHTS",
    )
    add_beside(command)
    label_names.add_label_names(command)
    command.add_argument("--device", default="auto", type=device_name, help="auto, cpu, cuda or cuda:N")
    command.add_argument("--out", default="out/evaluation", metavar="FOLDER", help="where results are written")
    return command


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_JOBS} processes, got {shown(text)}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate; 0 when it went well, 1 when a process failed or a bag or another input cannot be used."""
    options = parser().parse_args(arguments)
    exit_on_sigterm()
    return reported("usdrl-evaluate-bag", _evaluate, ChildError)(options)


def _evaluate(options: argparse.Namespace) -> int:
    rate, out = options.rate if options.live else None, Path(options.out)
    check_rate(rate)  # this and what follows before any bag is read
    asked, known = asked_weights.load(options)
    names = label_names.load(options.label_names, known)
    if out.is_file():
        raise NotADirectoryError(f"--out {options.out}: expected a folder for the results, got a file")
    for one in asked:
        check_results(one.out, one.sha256)
    bags, left_out = usable(labelled_bags(options.bags))
    for name, why in left_out.items():
        print(f"{name} is left out: {why}", file=sys.stderr)
    for bag in bags if options.live else ():
        bag.check_one_topic()
    print(Verdict.of([bag.findings for bag in bags]).line(), file=sys.stderr)
    told: dict[str, dict[str, Any]] = {}
    for one in asked:
        runs, told[one.name] = evaluate(
            bags,
            one.made_of,
            rate=rate,
            jobs=options.jobs,
            kept=out / asked_weights.KEPT,
            left_out=left_out,
            names=names,
        )
        save(runs, told[one.name], one.out)
    print(comparison.save(told, out) if len(told) > 1 else markdown(told[asked[0].name]))
    print(f"written to {options.out}")
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
