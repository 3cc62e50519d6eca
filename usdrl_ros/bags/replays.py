"""Offline replays of many bags, in several processes, each kept in a file: a run that was stopped goes on.

What is kept counts only while bag, labels, weights, settings and code are the same; otherwise the bag is replayed anew.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path

import usdrl_ros
from usdrl_model.checkpoints import code_version
from usdrl_model.config import content_hash
from usdrl_model.events.onset_offset import Event
from usdrl_model.files.atomic_file import write_text
from usdrl_model.files.documents import parse_json
from usdrl_model.files.limits import TEXT
from usdrl_model.online.pretrained import Pretrained, beside, describe
from usdrl_model.online.stream import ActionStream
from usdrl_model.progress import progress
from usdrl_ros.bags.labelled_bag import BagRun, LabelledBag
from usdrl_ros.bags.labels import FILE_NAME, Truth
from usdrl_ros.bags.replay import load_bag, replay
from usdrl_ros.processes.children import ChildError, end_with_parent

SCHEMA = "usdrl.replay/1"


def replay_all(
    bags: Sequence[LabelledBag], streams: Mapping[str, ActionStream], *, made_of: Pretrained, jobs: int,
    folder: Path | None,
) -> list[BagRun]:  # fmt: skip
    """Replay bags, as ``replay`` does one.

    Args:
        bags: of different names.
        streams: topology -> stream, of everybody's topology.
        made_of: what the streams were made of, for other processes.
        jobs: processes; 1 replays here.
        folder: where finished replays are kept; None keeps none.

    Raises:
        BagError: a bag that cannot be read any more.
        ChildError: one of the processes was killed.
    """
    files = {bag.path: kept_file(folder, bag.name, streams[bag.truth.topology]) for bag in bags} if folder else {}
    keys = {bag.path: _key(bag, streams[bag.truth.topology]) for bag in bags}
    runs = {bag.path: run for bag in bags if bag.path in files and (run := _kept(bag, files[bag.path], keys[bag.path]))}
    missing = [bag for bag in bags if bag.path not in runs]
    total = sum(len(bag.frames) for bag in missing)

    def finished(run: BagRun, unseen: int = 0) -> None:
        runs[run.bag.path] = run
        if folder:
            _keep(run, files[run.bag.path], keys[run.bag.path])
        bar.update(unseen)

    with progress(total=total, desc="offline", unit="frame", leave=False) as bar:
        if jobs == 1 or len(missing) < 2:
            for bag in missing:
                finished(replay(bag, streams[bag.truth.topology], bar.update))
        else:
            _replay_elsewhere(missing, made_of, jobs, lambda run: finished(run, len(run.bag.frames)))
    return [runs[bag.path] for bag in bags]


def kept_file(folder: Path, bag: str, stream: ActionStream) -> Path:
    """Where the replay of a bag is kept: those of other weights lie beside it."""
    return folder / stream.weights.sha256[:12] / f"{bag}.json"


def _replay_elsewhere(
    bags: Sequence[LabelledBag], made_of: Pretrained, jobs: int, finished: Callable[[BagRun], object]
) -> None:
    """Replay bags in other processes, which end with this one."""
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(min(jobs, len(bags)), spawn, _begin) as pool:
        try:
            work = {pool.submit(_replayed, bag.path, bag.truth, made_of): bag for bag in bags}
            for done in as_completed(work):
                events, counters = done.result()
                finished(BagRun(bag=work[done], events=events, counters=counters))
        except BrokenProcessPool as error:
            raise ChildError(
                "a process was killed, by lack of memory perhaps: try fewer --jobs; what is finished is kept"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():  # a bag may take minutes
                child.terminate()
            raise


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    end_with_parent(signal.SIGTERM)  # where it cannot
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid != os.getppid():
        signal.raise_signal(signal.SIGTERM)  # it was gone before


_STREAMS: dict[str, ActionStream] = {}
"""Of this process, by topology; a process works for one call of ``replay_all`` only."""


def _replayed(path: Path, truth: Truth, made_of: Pretrained) -> tuple[tuple[Event, ...], dict[str, int]]:
    name = truth.topology
    if name not in _STREAMS:
        _STREAMS[name] = made_of.stream(name)
    run = replay(load_bag(path, truth), _STREAMS[name])
    return run.events, run.counters


def _key(bag: LabelledBag, stream: ActionStream) -> str:
    """Changes with anything that the replay depends on."""
    folder = bag.path if bag.path.is_dir() else bag.path.parent
    there = sorted(folder.iterdir()) if bag.path.is_dir() else [bag.path]
    looks = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in there if _is_content(file)]
    described = bag.truth.document() | {"labels": [], "segments": []}
    code = [code_version.current().hash, code_version.sources_hash(Path(usdrl_ros.__file__).parent)]
    named = [Path(name) for name in (bag.truth.input_file, bag.truth.topology) if name and Path(name).is_file()]
    files = [hashlib.sha256(file.read_bytes()).hexdigest() for file in named]
    others = [[weights.sha256, content_hash(weights.config.stream)] for weights in beside(stream).values()]
    parts = [
        SCHEMA,
        *code,
        describe(stream),
        stream.weights.sha256,
        content_hash(stream.config),
        others,
        stream.gestures.known.hash if stream.gestures else "",
        described,
        sorted(bag.presence()),  # where messages have no ids, the labels say who it is
        looks,
        files,
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _is_content(file: Path) -> bool:
    """A file of the bag itself: labels and pages lie beside the messages."""
    return file.is_file() and file.name != FILE_NAME and file.suffix not in (".html", ".rrd")


def _keep(run: BagRun, file: Path, key: str) -> None:
    document = {"schema": SCHEMA, "key": key, "events": [asdict(event) for event in run.events]}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(document | {"counters": run.counters}) + "\n")


def _kept(bag: LabelledBag, file: Path, key: str) -> BagRun | None:
    """The replay in a file; None where there is none, or one of something else."""
    try:
        document = parse_json(file.read_bytes(), str(file), TEXT)
        if document["schema"] != SCHEMA or document["key"] != key:
            return None
        events = tuple(Event(**event) for event in document["events"])
        return BagRun(bag=bag, events=events, counters=dict(document["counters"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
