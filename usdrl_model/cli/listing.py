"""``usdrl list``: the names that other verbs take.

usdrl list topologies
usdrl list weights --json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping

from usdrl_model.cli.common import reported


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``list`` to the ``usdrl`` command."""
    verb = verbs.add_parser("list", help="names of benchmarks, labels, methods, sets, topologies, weights")
    verb.add_argument("what", choices=tuple(LISTS), help="which names")
    verb.add_argument("--json", action="store_true", help="as JSON: name -> description")
    verb.set_defaults(run=reported("usdrl list", _list))


def _list(arguments: argparse.Namespace) -> None:
    found = LISTS[arguments.what]()
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    width = max(map(len, found), default=0)
    for name, text in found.items():
        print(f"{name:<{width}}  {text}".rstrip())


def _benchmarks() -> Mapping[str, str]:
    from usdrl_model.evaluation import benchmark

    known = ((name, benchmark.load(name)) for name in benchmark.available())
    return {name: f"{one.title}: {', '.join(one.tasks)}" for name, one in known}


def _labels() -> Mapping[str, str]:
    from usdrl_model.data import vocabulary

    found = {}
    for name in vocabulary.available():
        known = vocabulary.load(name)
        for label, action in {**known.labels, **known.pairs}.items():
            sources = ", ".join(f"{data} ({' '.join(labels)})" for data, labels in action.sources.items())
            found[f"{name}: {label}"] = f"{action.description}. {sources}"
    return found


def _methods() -> Mapping[str, str]:
    from usdrl_model.evaluation.clips import methods as of_clips
    from usdrl_model.evaluation.recordings import methods as of_recordings

    kinds = {
        "clips": list(of_clips.METHODS),
        "whole recordings": list(of_recordings.METHODS),
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


def _weights() -> Mapping[str, str]:
    from usdrl_model.checkpoints import provenance, shipped
    from usdrl_model.training.permission import kinds_of

    known = {one: one.provenance for one in shipped.registry()}
    return {
        one.name: f"{one.kind}: {provenance.summary(made)}; terms: {', '.join(kinds_of(made))}"
        for one, made in known.items()
    }


LISTS: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "benchmarks": _benchmarks,
    "labels": _labels,
    "methods": _methods,
    "sets": _sets,
    "topologies": _topologies,
    "weights": _weights,
}
"""What can be listed -> name and description of each."""
