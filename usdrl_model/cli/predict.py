"""``usdrl predict``: what people do in recordings that nobody has labelled.

usdrl predict my_recordings                                            # .npz files, docs/data.md
usdrl predict stores --sets utd_mhad --clip 12 --picture clip.gif       # or .png: a timeline
usdrl predict my_recordings --json > predictions.json

Bags need ROS messages: ``usdrl-bag predict BAG`` does the same for them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from usdrl_model.cli.common import add_machine, add_result, device, reported, result

if TYPE_CHECKING:
    from usdrl_model.skeleton.recording import Recording

BAGS = (".mcap", ".db3", ".bag")


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``predict`` to the ``usdrl`` command."""
    from usdrl_model.cli.data import add_selection

    verb = verbs.add_parser("predict", help="actions in unlabelled recordings, as JSON and as a picture")
    verb.add_argument("source", type=Path, help="a folder of .npz recordings or one of them, or a store")
    add_selection(verb)
    add_predictions(verb)
    add_machine(verb)
    verb.set_defaults(run=reported("predict", _predict))


def add_predictions(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``told``."""
    parser.add_argument(
        "--weights", default="default", help="shipped detector, folder or .onnx file (default: default)"
    )
    parser.add_argument("--clip", help="only the recording of this name, or number in the selection")
    parser.add_argument("--picture", type=Path, help="of one recording: .png, .svg a timeline; .gif, .mp4 an animation")
    parser.add_argument("--seconds", type=float, default=20.0, help="of an animation, at most (default: 20)")
    add_result(parser)


def _predict(arguments: argparse.Namespace) -> None:
    arguments.threads = arguments.threads or 1  # as in the node: the model is too small to gain from more
    from usdrl_model.data.content_check import RECORDINGS, look, spread

    chosen = device(arguments)
    recordings = _clip(_recordings(arguments), arguments.clip)
    print(look(recordings[index] for index in spread(len(recordings), RECORDINGS)).line(), file=sys.stderr)
    told(arguments, recordings, str(chosen))


def told(arguments: argparse.Namespace, recordings: Iterable[Recording], device: str) -> None:
    """Predict, print, and write what ``add_predictions`` offers.

    Raises:
        ValueError: no recording, several for one picture, or weights that cannot be used.
        OSError: a file that cannot be written.
    """
    from usdrl_model.evaluation.predict import check_picture, document, draw, lines, predict
    from usdrl_model.online.stream import ActionStream

    recordings = _clip(list(recordings), arguments.clip)
    if arguments.picture:
        check_picture(arguments.picture)
    if arguments.picture and len(recordings) != 1:
        raise ValueError(f"--picture: expected one recording, got {len(recordings)}: choose it with --clip")
    streams = {
        name: ActionStream.from_pretrained(arguments.weights, topology=name, device=device)
        for name in dict.fromkeys(recording.topology for recording in recordings)
    }
    found = [predict(recording, streams[recording.topology]) for recording in recordings]
    if arguments.picture:
        draw(found[0], arguments.picture, arguments.seconds)
    if result(arguments, document(found, next(iter(streams.values())).describe())):
        return
    print("   start      end  (seconds from the first frame), person, action")
    for one in found:
        print("\n".join([one.recording.name, *(lines(one) or ["  no action"])]))


def _recordings(arguments: argparse.Namespace) -> list[Recording]:
    from usdrl_model.cli.data import selected
    from usdrl_model.data.importers import own

    source: Path = arguments.source
    if source.suffix in BAGS or (source / "metadata.yaml").is_file():
        raise ValueError(f"{source} is a bag: usdrl-bag predict {source}")
    if source.suffix == ".npz" or any(source.glob("*.npz")):
        return list(own.load(source))
    store = selected(arguments, source)
    return [store.recording(index) for index in range(len(store))]


def _clip(recordings: list[Recording], wanted: str | None) -> list[Recording]:
    """The one that is wanted, by name or number; all where none is."""
    if not recordings:
        raise ValueError("expected recordings, got none")
    if wanted is None:
        return recordings
    named = [recording for recording in recordings if recording.name == wanted]
    if named:
        return named[:1]
    if wanted.isdigit() and int(wanted) < len(recordings):
        return [recordings[int(wanted)]]
    names = recordings[0].name
    raise ValueError(f"--clip: expected a name such as {names}, or 0 to {len(recordings) - 1}, got {wanted}")
