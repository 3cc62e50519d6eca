"""``usdrl-bag label``: labels from a table (CSV) or from a topic of the bag become the ``labels.yaml`` beside it.

::

    usdrl-bag label my_bag my_bag.points.csv       # person,label,time: points clicked in the page of usdrl-bag report
    usdrl-bag label my_bag segments.csv            # person,label,start,end
    usdrl-bag label my_bag /annotation             # std_msgs/String: what is done from now on, or usdrl.labels/1
"""

from __future__ import annotations

import argparse
import codecs
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from usdrl_model.errors.shown import LINE, NAME, cut, showable, shown
from usdrl_model.files import limits
from usdrl_model.files.documents import parse_json
from usdrl_model.files.suffix import suffix
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, is_missing
from usdrl_ros.bags.described import add_bag, rightly_read
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labelled_bag import LabelledBag
from usdrl_ros.bags.labels import FILE_NAME, SCHEMA, parse_truth, save_truth
from usdrl_ros.bags.labels_fit import elsewhen, outside
from usdrl_ros.bags.recorded_topic import TEXT, RecordedTopic
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.messages.cdr import MalformedError

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Begin of a table that a spreadsheet saved as "Unicode text"."""
TIMES = (("start", "end"), ("time",))
"""Columns of a table besides ``label`` and ``person``, which may be left out: of segments, or of points."""
COMMENTS = ("comment", "comments", "note", "notes", "remark", "remarks")
"""Columns of a table that say nothing that is kept; any other one may be a misspelt ``person``."""
NOTHING = ("", BACKGROUND_LABEL)
"""Texts on a topic that say that nothing is done."""


def add_label(command: argparse.ArgumentParser) -> None:
    """Add the options that ``label_bag`` reads."""
    add_bag(command)
    command.add_argument("labels", help="a .csv file (person,label,time or person,label,start,end), or a topic")
    command.add_argument("--person", help="who does it, where the labels name nobody (default: the only person)")
    command.add_argument("--relative", action="store_true", help="times are seconds from the first frame, not stamps")
    there = command.add_mutually_exclusive_group()
    there.add_argument(
        "--replace", action="store_true", help="replace the segments that are there; with --person, only that person's"
    )
    there.add_argument("--add", action="store_true", help="add to the segments that are there")
    command.add_argument(
        "--labels", nargs="+", default=[], metavar="LABEL", dest="looked_for",
        help="every action that was looked for, also those that nobody does (default: those that occur)",
    )  # fmt: skip


def label_bag(arguments: argparse.Namespace) -> None:
    """Write ``labels.yaml`` beside the bag.

    Raises:
        BagError: nothing says how to read the bag, it is read wrongly, the labels cannot be used, or there are others
            already.
    """
    bag = rightly_read(arguments)
    if not arguments.bag.is_dir():
        raise BagError(f"{arguments.bag}: labels are kept in the folder of a bag: give that")
    for label in arguments.looked_for:
        if not label or not showable(label) or label in (BACKGROUND_LABEL, AMBIGUOUS):
            raise BagError(f"--labels: expected actions, 1 to {NAME} printable characters each, got {shown(label)}")
    person, looked_for = _namer(bag, arguments.person), arguments.looked_for
    if suffix(arguments.labels) == ".csv":
        origin = min(frame.stamp for frame in bag.frames) if arguments.relative else 0.0
        found = segments_of_table(Path(arguments.labels), person, origin)
    else:
        found, declared = _of_topic(bag, arguments.labels, person)
        looked_for = looked_for or declared
    nothing = sum(one.label == BACKGROUND_LABEL for one in found)
    found = [one for one in found if one.label != BACKGROUND_LABEL]
    _check(bag, found, arguments, looked_for)
    kept = _kept(bag, found, arguments, person)
    before, shown_now = {one.label for one in bag.truth.segments}, {one.label for one in found}
    # What was declared without a segment never occurs; what the old segments showed says nothing any more.
    absent = [label for label in bag.truth.labels if label not in before]
    looked_for = [*(absent if kept or not looked_for else []), *looked_for]
    labels = tuple(dict.fromkeys([*looked_for, *sorted({one.label for one in (*kept, *found)} - {AMBIGUOUS})]))
    segments = tuple(replace(one, person=bag.called or one.person) for one in (*kept, *found))
    path = save_truth(replace(bag.truth, segments=segments, labels=labels), arguments.bag)
    points = sum(segment.start == segment.end for segment in found)
    kinds = [f"{count} {name}" for count, name in ((len(found) - points, "segments"), (points, "points")) if count]
    told = f"{' and '.join(kinds) or 'no segments'} of {cut(', '.join(sorted(shown_now) or labels), LINE)}"
    print(f"{cut(path, LINE)}: {told}")
    if kept:
        print(f"{len(kept)} segments that were there are kept")
    if nothing:
        print(f"{nothing} rows of {BACKGROUND_LABEL} are left out: it is what has no label")
    if never := [label for label in labels if all(label != one.label for one in segments)]:
        print(f"declared without a segment, so that nobody does it: {cut(', '.join(never), LINE)}")


def segments_of_table(path: Path, person: Callable[[str], str], origin: float = 0.0) -> list[Segment]:
    """Segments, or points as segments that end where they start, of a table with a line of names above.

    Args:
        path: the file, UTF-8 or UTF-16 with its mark, fields separated by commas.
        person: name of the person as the table has it, or "" -> the id in the bag.
        origin: seconds added to all times.

    Raises:
        BagError: no such file, or what is wrong in which line.
    """
    try:
        content = limits.read(path, limits.TEXT)
        text = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BagError(f"{path}: expected text in UTF-8 ({cut(error, LINE)}): save the table as UTF-8") from error
    except (OSError, ValueError) as error:
        raise BagError(f"{path}: cannot read the table: {error}") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    found = []
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        if len(names) == 1 and ";" in names[0]:
            raise BagError("line 1: expected commas between the columns, got semicolons: export the table with commas")
        times = next(
            (kind for kind in TIMES if sorted({*names} - {"person", *COMMENTS}) == sorted(("label", *kind))), None
        )
        if times is None or len(set(names)) < len(names):
            raise BagError(
                f"line 1: expected person,label,time or person,label,start,end, got {shown(','.join(names))}"
            )
        for row in rows:
            if row:
                try:
                    found.append(_segment(dict(zip(names, row, strict=True)), times, person, origin))
                except ValueError as error:
                    wrong = f"expected {len(names)} fields, got {len(row)}" if len(row) != len(names) else str(error)
                    raise BagError(f"line {rows.line_num}: {wrong}") from None
    except (BagError, csv.Error) as error:
        raise BagError(f"{path}: {error}") from None
    return found


def _segment(row: dict[str, str], times: Sequence[str], person: Callable[[str], str], origin: float) -> Segment:
    label = row["label"].strip()
    if not label or not showable(label):
        raise ValueError(f"label: expected 1 to {NAME} printable characters, got {shown(label)}")
    _check_there(label)
    values = []
    for name in times:
        try:
            values.append(origin + float(row[name]))
        except ValueError:
            raise ValueError(f"{name}: expected seconds, got {shown(row[name])}") from None
        if not abs(values[-1]) < limits.LATEST:
            raise ValueError(f"{name}: expected seconds, got {shown(row[name])}")
    if values[-1] < values[0]:
        raise ValueError(f"ends at {row['end']} before it starts at {row['start']}")
    return Segment(person(row.get("person", "").strip()), label, values[0], values[-1])


def _check_there(label: str) -> None:
    """Refuse what programs write where a table has no label."""
    if label != BACKGROUND_LABEL and is_missing(label):
        raise ValueError(f"label: {label}: a missing value? write {BACKGROUND_LABEL}, or leave the row out")


def _namer(bag: LabelledBag, chosen: str | None) -> Callable[[str], str]:
    """Whose id is meant: of the named person, else of the chosen one, else the only one."""
    there = sorted(bag.presence(), key=lambda name: (len(name), name))
    listed = cut(", ".join(there), LINE)
    ids = {name: name for name in there} | ({bag.called: there[0]} if bag.called else {})
    if chosen and chosen not in ids:
        raise BagError(f"--person {shown(chosen)}: the bag has {listed}")

    def person(name: str) -> str:
        if name and name not in ids:
            raise ValueError(f"person {shown(name)}: the bag has {listed}")
        if not name and not chosen and len(there) != 1:
            raise ValueError(f"nobody is named, and the bag has {listed}: choose with --person")
        return ids[name or chosen or there[0]]

    return person


def _of_topic(bag: LabelledBag, name: str, person: Callable[[str], str]) -> tuple[list[Segment], list[str]]:
    """What the texts of a topic say: each what is done until the next one, or some of it at once (usdrl.labels/1).

    Returns:
        the segments, and every action that was looked for, where the texts say so.
    """
    texts: list[tuple[int, str]] = []
    with BagReader(bag.path) as reader:
        topics = {topic.name: topic for topic in reader.topics}
        if name not in topics or topics[name].type != TEXT:
            known = ", ".join(one for one, topic in topics.items() if topic.type == TEXT) or "none"
            raise BagError(f"{bag.path}: expected a .csv file or a topic of {TEXT} ({known}), got {shown(name)}")
        recorded = RecordedTopic(topics[name])
        try:
            for message in reader.messages([name]):
                texts.append((message.stamp_ns, recorded.message(message.data, limits.JSON).data.strip()))
            whole = [parse_truth(parse_json(text, name)) for _, text in texts if text.startswith("{")]
            if not whole:
                return _one_after_another(bag, texts, person), []
            if len(whole) < len(texts):
                raise ValueError(f"{len(texts) - len(whole)} texts that are not {SCHEMA}, beside {len(whole)} that are")
            # Who says it again, as each time that somebody subscribes, says nothing else.
            said = dict.fromkeys(replace(one, person=person(one.person)) for truth in whole for one in truth.segments)
        except (MalformedError, ValueError) as error:
            raise BagError(f"{bag.path}: {name}: {error}") from error
    return _of_its_time(bag, name, list(said)), [label for truth in whole for label in truth.labels]


def _of_its_time(bag: LabelledBag, name: str, said: list[Segment]) -> list[Segment]:
    """What was recorded of what somebody said before or after: a recording may begin and end anywhere."""
    strange = elsewhen(said, [frame.stamp for frame in bag.frames])
    if not strange or len(strange) == len(said):  # all of it is of another clock, which is refused
        return said
    print(f"{len(strange)} segments of {cut(name, LINE)} are before or after the recording: left out")
    return [one for one in said if one not in strange]


def _one_after_another(
    bag: LabelledBag, texts: Sequence[tuple[int, str]], person: Callable[[str], str]
) -> list[Segment]:
    """Segments of texts, each with its time of recording (ns), that say what is done from then on."""
    said: list[tuple[float, str]] = []
    clocks = _clocks(bag)
    for recorded_ns, text in texts:
        # A text has no stamp: it is put where the frame was that was recorded at the same time.
        if not said or said[-1][1] != text:  # a text that is repeated goes on
            said.append((float(np.interp(recorded_ns, *clocks)), text))
    found = []
    until = [stamp for stamp, _ in said[1:]] + [max(frame.stamp for frame in bag.frames)]
    for (start, label), end in zip(said, until, strict=True):
        if label not in NOTHING:
            if not showable(label):
                raise ValueError(f"expected labels of at most {NAME} characters, got {shown(label)}")
            _check_there(label)
            found.append(Segment(person(""), label, start, max(start, end)))
    return found


def _clocks(bag: LabelledBag) -> tuple[np.ndarray, np.ndarray]:
    """Rising times of recording (ns) and the stamps of the frames that were recorded then."""
    recorded = np.array(bag.recorded_ns, np.float64)
    order = np.argsort(recorded, kind="stable")
    return recorded[order], np.array([frame.stamp for frame in bag.frames])[order]


def _kept(
    bag: LabelledBag, found: Sequence[Segment], arguments: argparse.Namespace, person: Callable[[str], str]
) -> list[Segment]:
    """The segments that stay: all with ``--add``, and those of others with ``--person``; BagError for any other one."""
    if arguments.add:
        return list(bag.truth.segments)
    theirs = {one.person for one in found} | ({person("")} if arguments.person else set())
    kept = [one for one in bag.truth.segments if arguments.person and one.person not in theirs]
    if (others := len(bag.truth.segments) - len(kept)) and not arguments.replace:
        whose = f" of {', '.join(sorted(theirs))}" if arguments.person else ""
        there = f"{bag.name} has {others} segments{cut(whose, LINE)} in its {FILE_NAME}"
        raise BagError(f"{there}: --replace replaces them, --add keeps them")
    return kept


def _check(
    bag: LabelledBag, found: Sequence[Segment], arguments: argparse.Namespace, looked_for: Sequence[str]
) -> None:
    """Refuse labels that are none, that were not looked for, or that are of another time than the bag."""
    source = arguments.labels
    if looked_for and (unsought := sorted({one.label for one in found} - {*looked_for, AMBIGUOUS})):
        raise BagError(f"{cut(source, LINE)}: {cut(', '.join(unsought), LINE)} is not among --labels")
    if not found and not looked_for:
        raise BagError(f"{cut(source, LINE)}: no labels in it")
    if strange := outside(found, [frame.stamp for frame in bag.frames]):
        raise BagError(f"{cut(source, LINE)}: {strange}; --relative is for seconds from the first frame")
