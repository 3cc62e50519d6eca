"""Results of several weights on the same bags, side by side: all together, by action and by bag.

::

    usdrl-evaluate-bag bags --weights default --weights hri --out out/both    # out/both/comparison.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from usdrl_model.files.atomic_file import write_text
from usdrl_model.files.markdown import table
from usdrl_ros.bags.scores import by_threshold, overall, percent

NAME = "comparison"
"""Of the files, ``.md`` and ``.json``."""

Results = Mapping[str, dict[str, Any]]
"""Name of weights -> results of ``evaluate.evaluate``, of the same bags."""


def save(results: Results, folder: str | Path) -> str:
    """Write ``comparison.md``, which is returned, and ``comparison.json`` into a folder."""
    text = markdown(results)
    write_text(Path(folder) / f"{NAME}.md", text)
    write_text(Path(folder) / f"{NAME}.json", json.dumps(document(results), indent=1, allow_nan=False) + "\n")
    return text


def document(results: Results) -> dict[str, Any]:
    """What is compared, ready for JSON; the rest is in the results of each."""
    return {
        "schema": "usdrl.comparison/1",
        "weights": {
            name: {
                "sha256": one["weights_sha256"],
                "scores": one["scores"],
                "bags": {bag["name"]: bag["scores"] for bag in one["bags"]},
                "warnings": one["warnings"],
            }
            for name, one in results.items()
        },
    }


def markdown(results: Results) -> str:
    """The comparison as a Markdown page."""
    first = next(iter(results.values()))
    minutes = sum(bag["duration"] for bag in first["bags"]) / 60.0
    thresholds = " / ".join(first["scores"]["events"]["overall"])
    found = {name: one["scores"] for name, one in results.items()}
    by_bag: dict[str, dict[str, Any]] = {bag["name"]: {} for bag in first["bags"]}
    for name, one in results.items():
        for bag in one["bags"]:
            by_bag[bag["name"]][name] = bag["scores"]
    lines = [
        "# Weights on the same bags",
        "",
        f"{len(first['bags'])} bag(s), {minutes:.1f} min, {first['mode']}. F1 is that of events at IoU {thresholds}."
        " The results of each weights are in the folder of their name, which says what they were trained on: scores on"
        " training data say nothing about other people.",
        "",
        table(["", *results], _total(found)),
        "",
        table(["action", "true", *(f"{name}: F1" for name in results)], _by_action(found)),
        "",
        table(
            ["bag", "true", *(f"{name}: {what}" for name in results for what in ("F1", "false alarms"))],
            [[bag, *_of_bag(scores)] for bag, scores in by_bag.items()],
        ),
        "",
        *_warnings(results),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _total(found: Mapping[str, dict[str, Any]]) -> list[list[str]]:
    """A row a score; "-" where weights have none."""
    told = {
        name: {row[0]: " / ".join(row[1:]) for row in (*by_threshold(scores), *overall(scores))}
        for name, scores in found.items()
    }
    heads = dict.fromkeys(head for rows in told.values() for head in rows)
    return [[head, *(rows.get(head, "-") for rows in told.values())] for head in heads]


def _by_action(found: Mapping[str, dict[str, Any]]) -> list[list[object]]:
    rows: list[list[object]] = []
    labels = dict.fromkeys(label for scores in found.values() for label in scores["events"]["per_label"])
    for label in labels:
        counts = [scores["events"]["per_label"].get(label) for scores in found.values()]
        rows.append([label, _true(next(filter(None, counts))), *(_f1(one) if one else "-" for one in counts)])
    return rows


def _of_bag(found: Mapping[str, dict[str, Any]]) -> list[object]:
    events = [scores["events"] for scores in found.values()]
    cells = [cell for one in events for cell in (_f1(one["overall"]), one["false_alarms"])]
    return [_true(events[0]["overall"]), *cells]


def _true(by_iou: Mapping[str, dict[str, Any]]) -> int:
    first = next(iter(by_iou.values()))
    return int(first["tp"] + first["fn"])


def _f1(by_iou: Mapping[str, dict[str, Any]]) -> str:
    return " / ".join(percent(counts["f1"]) for counts in by_iou.values())


def _warnings(results: Results) -> list[str]:
    """Each once, with whose it is where it is not everybody's."""
    whose: dict[str, list[str]] = {}
    for name, one in results.items():
        for warning in one["warnings"]:
            whose.setdefault(warning, []).append(name)
    return [
        f"**{'' if len(names) == len(results) else ', '.join(names) + ': '}{text}**" for text, names in whose.items()
    ]
