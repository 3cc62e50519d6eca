"""The result of the demo: scores against the truth, files and a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from usdrl_model.online.stream import ActionStream
from usdrl_ros.bags.evaluate import draw_run
from usdrl_ros.bags.labelled_bag import BagRun
from usdrl_ros.bags.labels import Truth, save_truth
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.report import write_report
from usdrl_ros.bags.scores import score_runs
from usdrl_ros.bags.write import DEFAULT_TOPIC
from usdrl_ros.demo.listener import Listener

PAGE = "report.html"


def report(bag: Path, truth: Truth | None, listener: Listener, output: Path, title: str, console: Console) -> bool:
    """Score the events, write and print the scores, a picture and a page; False if nothing was detected.

    Args:
        bag: bag of the listener; gets a ``labels.yaml``.
        truth: None if the performer published none, which is an error.
        listener: the received events.
        output: folder for the files.
        title: title of the picture.
        console: for the scores.

    Raises:
        BagError: the recorded bag cannot be read back.
        ValueError: there is no truth.
    """
    if truth is None:
        raise ValueError("the performer published no truth, so it performed nothing")
    save_truth(replace(truth, topic=DEFAULT_TOPIC), bag)
    recorded = load_bag(bag)
    run = BagRun(bag=recorded, events=tuple(listener.events), counters={}, latencies=tuple(listener.latencies))
    scores = score_runs([run])
    (output / "results.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    draw_run(run, output / "timeline.png", title)
    with console.status("writing the page"):
        stream = ActionStream.from_pretrained(topology=recorded.truth.topology, device="cpu")
        write_report(recorded, stream, output / PAGE)

    if truth.labels:
        _print_scores(scores, console)
    else:
        console.print(f"{len(listener.events)} events; no labels say what people do, so there is no score")
    if (latency := scores["latency"]) is not None:
        console.print(f"frame to state: {latency['p50_ms']:.0f} ms (p50), {latency['p95_ms']:.0f} ms (p95)")
    console.print(f"look at it: {output / PAGE} (in a browser)", soft_wrap=True)
    console.print(
        f"picture {output / 'timeline.png'}   scores {output / 'results.json'}   bag {bag} (Foxglove, RViz)",
        soft_wrap=True,
    )
    if not listener.events:
        console.print("nothing was detected")
    return bool(listener.events) or not truth.segments


def _print_scores(scores: dict[str, Any], console: Console) -> None:
    """Print what was found of every true action."""
    table = Table(title="detected against truth", title_justify="left")
    for name in ("action", "true", "detected", "missed", "false"):
        table.add_column(name, justify="left" if name == "action" else "right")
    hits = {label: by_iou["0.25"] for label, by_iou in scores["events"]["per_label"].items()}
    for label, counts in hits.items():
        true = counts["tp"] + counts["fn"]
        table.add_row(label, str(true), str(counts["tp"]), str(counts["fn"]), str(counts["fp"]))
    console.print(table)
    overall, delay = scores["events"]["overall"]["0.25"], scores["events"]["onset_delay"]
    console.print(f"event F1 at IoU 0.25: {_percent(overall['f1'])}   frames: {_percent(scores['frames']['accuracy'])}")
    if delay["count"]:
        console.print(f"onset delay: {delay['median']:.1f} s (median), {delay['p90']:.1f} s (p90)")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
