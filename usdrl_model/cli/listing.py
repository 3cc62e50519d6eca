"""``usdrl list``: the names that other verbs take.

usdrl list topologies
usdrl list weights --json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from usdrl_model.cli.common import reported

if TYPE_CHECKING:
    from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig

Facts = Mapping[str, str]
"""Column -> entry."""


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``list`` to the ``usdrl`` command."""
    verb = verbs.add_parser("list", help="names of benchmarks, labels, methods, sets, topologies, weights")
    verb.add_argument("what", choices=tuple(LISTS), help="which names")
    verb.add_argument("--json", action="store_true", help="as JSON: name -> description, or column -> entry")
    verb.set_defaults(run=reported("usdrl list", _list))


def _list(arguments: argparse.Namespace) -> None:
    found = LISTS[arguments.what]()
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    rows = [(name, *([text] if isinstance(text, str) else text.values())) for name, text in found.items()]
    heads = next((("name", *facts) for facts in found.values() if not isinstance(facts, str)), None)
    _print_table([heads, *rows] if heads else rows)


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{entry:<{width}}" for entry, width in zip(row, widths, strict=True)).rstrip())


def _benchmarks() -> Mapping[str, str]:
    from usdrl_model.evaluation import benchmark

    known = ((name, benchmark.load(name)) for name in benchmark.available())
    return {name: f"{one.title}: {', '.join(one.tasks)}" for name, one in known}


def _labels() -> Mapping[str, str]:
    from usdrl_model.data import vocabulary

    detectors = _detectors()
    found = {}
    for name in vocabulary.available():
        known = vocabulary.load(name)
        for label, action in {**known.labels, **known.pairs}.items():
            knowing = [weights for weights, about in detectors.items() if label in about.detector.labels]
            sources = ", ".join(f"{data} ({' '.join(labels)})" for data, labels in action.sources.items())
            told = ", ".join(knowing) or "no shipped weights"
            found[f"{name}: {label}"] = f"[{told}] {action.description}. {sources}"
    return found


def _methods() -> Mapping[str, str]:
    from usdrl_model.evaluation.clips import methods as of_clips
    from usdrl_model.evaluation.recordings import methods as of_recordings
    from usdrl_model.evaluation.stream import methods as of_streams

    kinds = {
        "clips": list(of_clips.METHODS),
        "whole recordings": list(of_recordings.METHODS),
        "live streams": list(of_streams.METHODS),
    }
    names = dict.fromkeys(title for titles in kinds.values() for title in titles)
    return {name: ", ".join(kind for kind, titles in kinds.items() if name in titles) for name in names}


def _sets() -> Mapping[str, str]:
    from usdrl_model.data import catalogue

    return {
        **{name: f"{(info := catalogue.info(name)).title}: {info.terms}" for name in catalogue.SETS},
        catalogue.PERFORMER: f"simulated people: {catalogue.SIMULATED}",
    }


def _topologies() -> Mapping[str, str]:
    from usdrl_model.skeleton import topology

    return {name: f"{len(topology.topology(name).joints)} joints" for name in topology.names()}


def _weights() -> Mapping[str, Facts]:
    """What helps to choose; what they were trained on is in their cards."""
    from usdrl_model.checkpoints import shipped
    from usdrl_model.terms import for_products
    from usdrl_model.training.permission import kinds_of

    detectors = _detectors()
    found = {}
    for one in shipped.registry():
        size = sum(file.stat().st_size for file in one.folder.glob("*.safetensors"))
        found[one.name] = {
            "kind": one.kind,
            **_abilities(detectors.get(one.name) if one.kind == "detector" else None),
            "size": f"{size / 1e6:.1f} MB",
            "terms": "products" if for_products(kinds_of(one.provenance)) else "research",
        }
    return found


def _abilities(about: DetectorFileConfig | None) -> Facts:
    """What a detector tells, from what, and how much later; an encoder (None) tells nothing by itself."""
    if about is None:
        return {"labels": "-", "input": "-", "delay": "-"}
    encoder = about.detector.encoder
    people = "one person" if encoder.people == 1 else f"{encoder.people} people"
    return {
        "labels": str(len(about.detector.labels) - 1),
        "input": f"{'picture' if encoder.flat else 'space'}, {people}",
        "delay": f"{about.stream.look_ahead:g} s",
    }


def _detectors() -> dict[str, DetectorFileConfig]:
    """The shipped detectors by name, without their tensors."""
    from usdrl_model.checkpoints import config_file, shipped
    from usdrl_model.checkpoints.loaded_detector import config_of

    files = {one.name: one.folder / config_file.NAME for one in shipped.registry("detector")}
    return {name: config_of(config_file.read_text(file), str(file)) for name, file in files.items()}


LISTS: Mapping[str, Callable[[], Mapping[str, str | Facts]]] = {
    "benchmarks": _benchmarks,
    "labels": _labels,
    "methods": _methods,
    "sets": _sets,
    "topologies": _topologies,
    "weights": _weights,
}
"""What can be listed -> name and description, or facts, of each."""
