"""``usdrl gestures``: new actions from 1 to 10 examples, without a training run.

usdrl gestures add thumbs_up takes --from 2.0 --to 4.5      # .npz recordings, each one an example
usdrl gestures test other_takes
usdrl gestures list
usdrl gestures remove thumbs_up --example 2                 # as the list numbers them; without: all of it
usdrl gestures background --weights runs/own/weights --store stores

In a bag: ``usdrl-bag gesture``. In front of the robot: the services ``~/enrol/start`` and ``~/enrol/stop``.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from usdrl_model.checkpoints.shipped import GESTURE_DETECTOR
from usdrl_model.cli import common
from usdrl_model.cli.common import add_machine, reported
from usdrl_model.cli.data import add_selection, selected
from usdrl_model.cli.predict import recordings_of

if TYPE_CHECKING:
    from usdrl_model.skeleton.recording import Recording

FOLDER = Path("gestures")
PROGRAM = "usdrl gestures"
Span = tuple[str | None, float, float]
"""Whose, or of the only person; from and to, in seconds from the first frame."""
EVERYTHING: Span = (None, 0.0, math.inf)


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``gestures`` and its own verbs to the ``usdrl`` command."""
    gestures = verbs.add_parser("gestures", help="new actions from 1 to 10 examples, without a training run")
    actions = gestures.add_subparsers(title="verbs", required=True, metavar="VERB")

    add = actions.add_parser("add", help="add examples to a gesture, new or known; each recording is one")
    add.add_argument("label", help="letters, digits and underscores")
    _add_source(add)
    add_example(add)
    add.set_defaults(run=reported(PROGRAM, _add))

    show = actions.add_parser("list", help="gestures of a folder, with their examples")
    _add_folder(show)
    show.set_defaults(run=reported(PROGRAM, _list))

    remove = actions.add_parser("remove", help="remove a gesture, or one of its examples")
    remove.add_argument("label")
    remove.add_argument("--example", type=int, metavar="N", help="only this one, as list numbers them")
    _add_folder(remove)
    _add_weights(remove)
    remove.set_defaults(run=reported(PROGRAM, _remove))

    test = actions.add_parser("test", help="play recordings as a robot would see them, and print the gestures found")
    _add_source(test)
    _add_folder(test)
    _add_weights(test)
    test.set_defaults(run=reported(PROGRAM, _test))

    background = actions.add_parser("background", help="make the statistics that gestures are compared with")
    background.add_argument("--store", type=Path, help="store with recordings of many actions (default: simulation)")
    add_selection(background)
    _add_weights(background)
    background.add_argument("--out", type=Path, help="file to write (default: beside the weights)")
    background.set_defaults(run=reported(PROGRAM, _background))


def add_example(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``enrol`` reads."""
    person, start, stop = EVERYTHING
    parser.add_argument("--from", dest="start", type=float, default=start, help="seconds from the first frame")
    parser.add_argument("--to", dest="stop", type=float, default=stop, help="seconds from the first frame")
    parser.add_argument("--person", default=person, help="whose gesture it is (default: the only person)")
    _add_folder(parser)
    _add_weights(parser)


def asked(arguments: argparse.Namespace) -> Span:
    """What the options of ``add_example`` say."""
    return arguments.person, arguments.start, arguments.stop


def enrol(arguments: argparse.Namespace, examples: Sequence[tuple[Recording, Span]]) -> None:
    """Add examples to ``arguments.label`` and print what to know about it; errors as ``enrolment.add``."""
    from usdrl_model.gestures import background, enrolment
    from usdrl_model.gestures.examples import from_recording
    from usdrl_model.gestures.gesture import MOST_EXAMPLES

    if len(examples) > MOST_EXAMPLES:
        raise ValueError(f"expected 1 to {MOST_EXAMPLES} examples, got {len(examples)}: choose recordings with --clip")
    detector = common.detector(arguments)
    config, others = detector.config.detector, background.find(detector)
    shown = [
        from_recording(one, config.rate, config.encoder.window, person=person, start=start, stop=stop)
        for one, (person, start, stop) in examples
    ]
    print(enrolment.add(arguments.folder, arguments.label, shown, detector, others))


def _add(arguments: argparse.Namespace) -> None:
    common.check_machine(arguments)
    recordings = recordings_of(arguments)
    for one in recordings:
        _check_people(one)
    enrol(arguments, [(one, span) for one in recordings for span in _spans(one, arguments)])


def _check_people(recording: Recording) -> None:
    """ValueError where nobody looks like people: what is kept of them would be wrong, silently."""
    from usdrl_model.data.content_check import findings
    from usdrl_model.plausibility.findings import misread

    if finding := misread(findings(recording)):
        raise ValueError(f"{recording.name}: {finding.text}; nothing is kept of it")


def _spans(recording: Recording, arguments: argparse.Namespace) -> list[Span]:
    """Of a continuous recording every stretch with one of ``--labels``, else what the options say."""
    if recording.whole_label is not None or not arguments.labels:
        return [asked(arguments)]
    if asked(arguments) != EVERYTHING:
        raise ValueError(
            f"{recording.name}: its stretches with --labels are the examples: leave out --from, --to and --person, or"
            " choose the recording with --clip instead of --labels"
        )
    origin = recording.frames[0].stamp
    return [
        (segment.person, max(0.0, segment.start - origin), segment.end - origin)
        for segment in recording.segments
        if segment.label in arguments.labels
    ]


def _list(arguments: argparse.Namespace) -> None:
    from usdrl_model.files import markdown
    from usdrl_model.gestures import library

    rows: list[list[str]] = []
    damaged: list[str] = []
    for label in library.labels(arguments.folder):
        try:
            one = library.read(arguments.folder, label)
        except (OSError, ValueError) as error:
            damaged.append(str(error))
            continue
        rows += [
            [label, str(number), f"{example.seconds:.1f}", one.weights[:12], example.source]
            for number, example in enumerate(one.examples, start=1)
        ]
    if rows:
        print(markdown.table(["gesture", "example", "seconds", "weights", "from"], rows))
    if damaged:
        raise ValueError("\n".join(damaged))
    if not rows:
        print(f"{arguments.folder}: no gestures; usdrl gestures add makes one")


def _remove(arguments: argparse.Namespace) -> None:
    from usdrl_model.gestures import background, enrolment, library

    if arguments.example is None:
        library.remove(arguments.folder, arguments.label)
        print(f"{arguments.label}: removed from {arguments.folder}")
        return
    library.read(arguments.folder, arguments.label)  # before weights are loaded
    detector = common.detector(arguments)
    taken, left = enrolment.take_back(
        arguments.folder, arguments.label, arguments.example, detector, background.find(detector)
    )
    print(f"example {arguments.example}, {taken.source}, removed; {left}")


def _test(arguments: argparse.Namespace) -> None:
    from usdrl_model.gestures import background, library
    from usdrl_model.gestures.recogniser import Recogniser
    from usdrl_model.online.stream import ActionStream

    detector = common.detector(arguments)
    others = background.find(detector)
    known = Recogniser(library.read_all(arguments.folder, others.weights), others, detector)
    if not known.labels:
        raise FileNotFoundError(f"{arguments.folder}: no gestures; usdrl gestures add makes one")
    for recording in recordings_of(arguments):
        stream = ActionStream(detector, topology=recording.topology)
        stream.recognise(known)
        events = [event for frame in recording.frames for event in stream.push(frame)] + stream.finish()
        origin = recording.frames[0].stamp if recording.frames else 0.0
        found = [one for one in events if one.kind != "onset" and one.label in known.labels and one.offset is not None]
        print(recording.name if found else f"{recording.name}: no gesture")
        for one in found:
            span = f"{one.onset - origin:8.2f} {(one.offset or 0.0) - origin:8.2f}"
            print(f"{span}  {one.person}  {one.label}  {one.score:.2f}")


def _background(arguments: argparse.Namespace) -> None:
    from usdrl_model.gestures import background
    from usdrl_model.training import gesture_background

    if not (arguments.out and arguments.out.name == background.NAME):  # made anew, as beside the weights
        common.check_output("--out", arguments.out, arguments.store, arguments.weights)
    detector = common.detector(arguments)
    background.check_windows(detector)
    if arguments.store is None:
        sets: tuple[str, ...] = ("simulated people",)
        made = gesture_background.make(detector, gesture_background.simulated())
    else:
        chosen = selected(arguments, arguments.store)
        store = chosen if detector.config.detector.encoder.flat else chosen.select(flat=False)
        if not len(store):
            raise ValueError(f"{arguments.store}: all joints are in a picture, which {detector.name} refuses live")
        sets = store.sets
        pairs = ((store.dataset(index), store.recording(index)) for index in range(len(store)))
        made = gesture_background.make(detector, pairs)
    path = arguments.out or background.path_of(detector)
    made.save(path)
    print(f"{path}: {len(made.negatives)} windows of {', '.join(sets)}, {path.stat().st_size // 1024} kB")


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="a folder of .npz recordings or one of them, or a store")
    add_selection(parser)
    parser.add_argument("--clip", help="only the recording of this name, or number in the selection")


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"of the gestures (default: {FOLDER})")


def _add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights",
        default=GESTURE_DETECTOR,
        help="detector of windows by whose features gestures are told: shipped, folder or .onnx file"
        f" (default: {GESTURE_DETECTOR})",
    )
    add_machine(parser, threads=1)
