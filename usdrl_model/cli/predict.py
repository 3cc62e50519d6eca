"""``usdrl predict``: what people do in recordings that nobody has labelled.

usdrl predict my_recordings                                            # .npz files, docs/data.md
usdrl predict stores --sets utd_mhad --clip 12 --picture clip.gif      # or .png: a timeline
usdrl predict my_recordings --json > predictions.json

Bags need ROS messages: ``usdrl-bag predict BAG`` does the same for them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from usdrl_model.cli.common import (
    BAG_FILES,
    add_machine,
    add_result,
    add_stream,
    check_machine,
    check_output,
    cpu_threads,
    pretrained,
    reported,
    result,
)
from usdrl_model.cli.data import SELECTION, add_selection, names, number, selected
from usdrl_model.files.suffix import suffix

if TYPE_CHECKING:
    from usdrl_model.skeleton.recording import Recording


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``predict`` to the ``usdrl`` command."""
    verb = verbs.add_parser("predict", help="actions in unlabelled recordings, as JSON and as a picture")
    verb.add_argument("source", type=Path, help="a folder of .npz recordings or one of them, or a store")
    add_selection(verb)
    verb.add_argument("--clip", help="only the recording of this name, or number in the selection")
    add_predictions(verb)
    verb.set_defaults(run=reported("usdrl predict", _predict))


def add_predictions(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``tell``."""
    add_stream(parser)
    parser.add_argument("--picture", type=Path, help="of one recording: .png, .svg a timeline; .gif, .mp4 an animation")
    parser.add_argument("--seconds", type=float, default=20.0, help="of an animation, at most (default: 20)")
    add_result(parser)
    add_machine(parser, threads=1)


def _predict(arguments: argparse.Namespace) -> None:
    from usdrl_model.data.content_check import RECORDINGS, look, spread

    check(arguments, arguments.source)
    recordings = recordings_of(arguments)
    for one in recordings:
        if not one.frames:
            print(f"{one.name}: no frames: left out", file=sys.stderr)
    recordings = [one for one in recordings if one.frames]
    if not recordings:
        raise ValueError(f"{arguments.source}: expected frames, got none")
    print(look(recordings[index] for index in spread(len(recordings), RECORDINGS)).line(), file=sys.stderr)
    tell(arguments, recordings)


def check(arguments: argparse.Namespace, *inputs: str | Path | None) -> None:
    """Refuse, before anything is read, what ``add_predictions`` offers and cannot be.

    Args:
        arguments: of the command.
        inputs: that are read besides the weights.

    Raises:
        ValueError: a file to write that is read, a picture that cannot be drawn, or as ``check_machine``.
        IsADirectoryError: as ``check_output``.
    """
    from usdrl_model.evaluation.predict import check_picture

    check_machine(arguments)
    if arguments.picture:
        check_picture(arguments.picture)
    told_by = (arguments.weights, arguments.pair_weights, arguments.gesture_weights, arguments.gestures)
    for option, file in (("--out", arguments.out), ("--picture", arguments.picture)):
        check_output(option, file, *inputs, *told_by)


def tell(arguments: argparse.Namespace, recordings: Sequence[Recording]) -> None:
    """Predict, print, and write what ``add_predictions`` offers.

    Raises:
        ValueError: several recordings for one picture, or weights that cannot be used.
        OSError: a file that cannot be written.
    """
    from usdrl_model.evaluation.predict import document, draw, lines, predict
    from usdrl_model.online.pretrained import describe

    if arguments.picture and len(recordings) != 1:
        raise ValueError(f"--picture: expected one recording, got {len(recordings)}: choose it with --clip")
    topologies = dict.fromkeys(recording.topology for recording in recordings)
    streams = pretrained(arguments).streams(topologies, cpu_threads(arguments))
    found = [predict(recording, streams[recording.topology]) for recording in recordings]
    if arguments.picture:
        draw(found[0], arguments.picture, arguments.seconds)
    if result(arguments, document(found, describe(next(iter(streams.values()))))):
        return
    print("   start      end  (seconds from the first frame), person, action")
    for one in found:
        print("\n".join([one.recording.name, *(lines(one) or ["  no action"])]))


def recordings_of(arguments: argparse.Namespace) -> list[Recording]:
    """What the source holds and the options choose; at least one."""
    from usdrl_model.data.importers import own
    from usdrl_model.data.stored_set import INDEX

    source: Path = arguments.source
    if suffix(source) in BAG_FILES or (source / "metadata.yaml").is_file():
        raise ValueError(f"{source} is a bag: usdrl-bag predict {source}, or usdrl-bag gesture LABEL {source}")
    if not source.exists() or (source.is_dir() and not any(source.iterdir())):
        there = "nothing is in it" if source.exists() else "no such file or folder"
        raise FileNotFoundError(f"{source}: expected a folder of .npz recordings, one of them, or a store ({there})")
    stored = (source / INDEX).is_file() or any(source.glob(f"*/{INDEX}"))
    if suffix(source) == ".npz" or (not stored and any(source.rglob("*.npz"))):
        if given := [f"--{name}" for name in SELECTION if getattr(arguments, name)]:
            raise ValueError(
                f"{', '.join(given)}: only for a store: choose with --clip, or usdrl data import own {source}"
            )
        found = list(own.load(source))
        return found if arguments.clip is None else [found[number([one.name for one in found], arguments.clip)]]
    store = selected(arguments, source)
    chosen = range(len(store)) if arguments.clip is None else [number(names(store), arguments.clip)]
    return [store.recording(index) for index in chosen]
