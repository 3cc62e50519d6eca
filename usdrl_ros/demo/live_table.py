"""The state of the node as a table in the terminal: action, duration, score and latency of every person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

RECENT = 5
"""Events under the table."""
LEVELS = ("dim", "yellow", "bold red")
"""Styles of the levels OK, WARN and ERROR."""
COLOURS = {"active": "bold green", "candidate": "yellow", "none": "dim"}


def render(
    state: dict[str, Any] | None, health: Sequence[tuple[int, str]], latency_ms: float | None, source: str
) -> RenderableType:
    """The table of one state (``usdrl.actions/2``); None before the first.

    Args:
        state: the decoded JSON.
        health: level (0 OK, 1 WARN, 2 ERROR) and text of every status of the node.
        latency_ms: milliseconds from receiving a frame to receiving the state inferred on it.
        source: title.
    """
    table = Table(title=source, title_justify="left", expand=False)
    for name, width in (("person", 8), ("action", 14), ("since", 8), ("score", 7), ("latency", 9), ("next best", 24)):
        table.add_column(name, min_width=width, justify="left" if name in ("action", "next best") else "right")
    if state is None:
        table.add_row("", Text("waiting for the node", style="dim"))
        return table
    delay = "" if latency_ms is None else f"{latency_ms:.0f} ms"
    for person in sorted(state["people"], key=lambda person: (len(person["id"]), person["id"])):
        table.add_row(*_cells(person), delay, _others(person))
    if not state["people"]:
        table.add_row("-", Text("no people", style="dim"), "", "", delay, "")
    lines = [Text(describe_event(event), style="dim") for event in state["events"][-RECENT:]]
    lines += [Text(text, style=LEVELS[min(level, len(LEVELS) - 1)]) for level, text in health]
    model = state["model"]
    lines.append(Text(f"{model['weights']} {model['hash']} on {model['device']}, {model['precision']}", style="dim"))
    return Group(table, *lines)


def _cells(person: dict[str, Any]) -> tuple[str, Text, str, str]:
    style = COLOURS[person["state"]]
    if person["label"] is None:
        return person["id"], Text("-", style=style), "", ""
    return person["id"], Text(person["label"], style=style), f"{person['since']:.1f} s", f"{person['score']:.2f}"


def _others(person: dict[str, Any]) -> Text:
    others = [entry for entry in person["top5"] if entry["label"] != person["label"]][:2]
    return Text(", ".join(f"{entry['label']} {entry['score']:.2f}" for entry in others), style="dim")


def describe_event(event: dict[str, Any]) -> str:
    """An event in one line."""
    if event["kind"] == "entered":
        return f"{event['kind']:>7}: person {event['person']}"
    if event["kind"] == "left":
        here = event["offset"] - event["onset"]
        return f"{event['kind']:>7}: person {event['person']}, here for {here:.1f} s ({event['reason']})"
    if event["kind"] == "onset":
        began = event["stamp"] - event["onset"]
        return f"{event['kind']:>7}: person {event['person']} {event['label']}, began {began:.1f} s ago"
    lasted = event["offset"] - event["onset"]
    return f"{event['kind']:>7}: person {event['person']} {event['label']}, lasted {lasted:.1f} s"
