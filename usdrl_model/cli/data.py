"""``usdrl data``: official files of data sets -> a store, and a look into it.

usdrl data import utd_mhad ~/data/utd_mhad --store stores
usdrl data info stores
usdrl data view stores --sets utd_mhad --clip 12 --out clip.gif
usdrl data pack stores --split standard/train --out training.usdrl
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from usdrl_model.cli.common import check_output, reported
from usdrl_model.data import catalogue
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.terms import MEANINGS, Terms

if TYPE_CHECKING:
    from usdrl_model.data.store import Store
    from usdrl_model.skeleton.clip import Clip
    from usdrl_model.skeleton.recording import Recording


SELECTION = ("sets", "subjects", "labels", "split")
"""Options of ``add_selection``."""


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``data`` and its own verbs to the ``usdrl`` command."""
    data = verbs.add_parser("data", help="import data sets into a store, look at them, pack them")
    actions = data.add_subparsers(title="verbs", required=True, metavar="VERB")

    read = actions.add_parser("import", help="official files of a data set -> a store")
    read.add_argument("set", metavar="SET", help=", ".join(catalogue.SETS))
    read.add_argument("path", type=Path, metavar="PATH", help="folder or archive of the official files")
    read.add_argument("--store", type=Path, default=Path("stores"), help="folder of the store (default: stores)")
    read.add_argument("--name", help='name of the set in the store, of own recordings only (default: "own")')
    add_terms(read)
    read.add_argument(
        "--dtype",
        default="float32",
        help="of the joints: float16 (within 1 mm) or float64 (every bit of sets published as text); default: float32",
    )
    read.add_argument("--replace", action="store_true", help="import a set anew that the store already has")
    read.set_defaults(run=reported("usdrl data", _import))

    info = actions.add_parser("info", help="counts, rates, missing joints, protocols, and a picture of a frame")
    _add_store(info)
    info.add_argument("--picture", type=Path, help="where to write the picture (default: none)")
    info.add_argument(
        "--vocabulary",
        metavar="NAME",
        help="instead: how often each set shows its labels (hri, or the path of a .yaml)",
    )
    info.add_argument("--verify", action="store_true", help="read everything and compare it with the hashes")
    info.set_defaults(run=reported("usdrl data", _info))

    view = actions.add_parser("view", help="an animation of one recording")
    _add_store(view)
    view.add_argument("--clip", default="0", help="its name, or its number in the selection (default: 0)")
    view.add_argument("--out", type=Path, default=Path("clip.gif"), help="GIF or MP4 file (default: clip.gif)")
    view.add_argument("--seconds", type=float, default=20.0, help="at most so much of it (default: 20)")
    view.set_defaults(run=reported("usdrl data", _view))

    pack = actions.add_parser("pack", help="a selection as one float16 file, for a training machine elsewhere")
    _add_store(pack)
    pack.add_argument("--out", type=Path, required=True, help="file to write, such as training.usdrl")
    pack.set_defaults(run=reported("usdrl data", _pack))


def add_terms(parser: argparse.ArgumentParser) -> None:
    """Add the option that states the terms of one's own recordings."""
    parser.add_argument(
        "--terms",
        choices=[kind for kind in MEANINGS if kind != "unknown"],
        help="of own recordings: what others may do with them; own: they are yours to use (default: own, or those of"
        " the set that is replaced)",
    )


def owners_terms(arguments: argparse.Namespace, target: Path) -> Terms:
    """Terms of one's own recordings that become the set in ``target``: stated, or those of the set that they replace.

    Raises:
        ValueError: the terms of the set that is there cannot be read.
    """
    from usdrl_model.data.stored_set import INDEX, read_index

    if arguments.terms or not arguments.replace or not (target / INDEX).is_file():
        return Terms(arguments.terms or "own")
    try:
        before = Terms.from_json(read_index(target).get("terms"))
    except ValueError as error:
        raise ValueError(f"{error}: state its terms (--terms), which cannot be read") from None
    if before.kind in ("own", "unknown"):
        return Terms("own")
    print(f"{target}: its terms stay {before}; --terms states others", file=sys.stderr)
    return before


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", type=Path, help="a store, one of its sets, or a packed file")
    add_selection(parser)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``selected``."""
    parser.add_argument("--sets", nargs="+", metavar="SET", help="only these sets")
    parser.add_argument("--subjects", nargs="+", metavar="ID", help="only these people")
    parser.add_argument("--labels", nargs="+", metavar="LABEL", help="only recordings that show one of these")
    parser.add_argument("--split", help="PROTOCOL/train, PROTOCOL/FOLD/test, standard/train ...")


def selected(arguments: argparse.Namespace, path: Path) -> Store:
    """The recordings of a store that ``add_selection`` leaves; ValueError where there are none."""
    from usdrl_model.data.store import Store

    whole = Store.open(path)
    conditions = {"sets": arguments.sets, "subjects": arguments.subjects, "split": arguments.split}
    store = whole.select(**conditions, labels=arguments.labels)
    if not len(store):
        others = whole.select(**conditions)
        there = f": those that meet the others show {cut(', '.join(others.labels), LINE)}" if len(others) else ""
        raise ValueError(f"{path}: no recording meets all conditions{there}")
    return store


def names(store: Store) -> list[str]:
    """Names of the recordings of a store, in their order."""
    return [store.describe(index).name for index in range(len(store))]


def number(names: Sequence[str], clip: str) -> int:
    """Place of the recording that ``--clip`` names, or whose number it is; ValueError where there is none."""
    if clip in names:
        return names.index(clip)
    if clip.isdigit() and int(clip) < len(names):
        return int(clip)
    raise ValueError(f"--clip: expected a name such as {names[0]}, or 0 to {len(names) - 1}, got {clip}")


def _import(arguments: argparse.Namespace) -> None:
    from usdrl_model.data.content_check import look, sampled
    from usdrl_model.data.odd_recordings import OddRecordings
    from usdrl_model.data.store import Store
    from usdrl_model.data.store_writer import write_set

    began = time.monotonic()
    name = arguments.name or arguments.set
    if arguments.name and catalogue.kind(name) != arguments.set:
        raise ValueError(f"--name {name}: only own recordings are given a name, and none that a data set has")
    if arguments.terms and catalogue.kind(name) != catalogue.OWN:
        raise ValueError(f"--terms: those of {name} are known ({catalogue.terms(name)}); state them for own recordings")
    terms = owners_terms(arguments, arguments.store / name) if catalogue.kind(name) == catalogue.OWN else None
    odd = OddRecordings()
    recordings = odd.watch(_progress(catalogue.load(arguments.set, arguments.path)))
    totals = write_set(arguments.store, name, recordings, dtype=arguments.dtype, replace=arguments.replace, terms=terms)
    print(
        f"{arguments.store / name}: {totals.clips} recordings, {totals.frames} frames,"
        f" {totals.rows} skeletons, hash {totals.hash}, {time.monotonic() - began:.1f} s"
    )
    print(look(sampled(Store.open(arguments.store / name))).line())
    for line in odd.lines():
        print(line)


def _info(arguments: argparse.Namespace) -> None:
    from usdrl_model.data import store_summary, vocabulary, vocabulary_summary
    from usdrl_model.plots import clip as clip_view

    check_output("--picture", arguments.picture, arguments.store, arguments.vocabulary)
    store = selected(arguments, arguments.store)
    if arguments.vocabulary:
        print(vocabulary_summary.describe(store, vocabulary.load(arguments.vocabulary)))
    else:
        print(store_summary.describe(store))
    if arguments.verify:
        store.verify()
        print("\nall hashes agree")
    if arguments.picture:
        clip_view.draw(_somebody(store), arguments.picture)
        print(f"\npicture: {arguments.picture}")


def _somebody(store: Store) -> Clip:
    """The clip nearest to the middle that shows somebody, of a few; the middle one if none does."""
    from usdrl_model.data.content_check import spread

    middle = len(store) // 2
    near = sorted(spread(len(store), 200), key=lambda index: abs(index - middle))
    clips = (store[index] for index in (middle, *near))
    return next((clip for clip in clips if clip.mask.any()), store[middle])


def _view(arguments: argparse.Namespace) -> None:
    from usdrl_model.plots import clip as clip_view

    check_output("--out", arguments.out, arguments.store)
    store = selected(arguments, arguments.store)
    index = number(names(store), arguments.clip)
    clip_view.animate(store[index], arguments.out, arguments.seconds)
    print(f"{arguments.out}: {store.dataset(index)} {store.describe(index).name}")


def _pack(arguments: argparse.Namespace) -> None:
    from usdrl_model.data.store_writer import pack

    check_output("--out", arguments.out, arguments.store)
    store = selected(arguments, arguments.store)
    pack(store, arguments.out)
    size = arguments.out.stat().st_size / 1e6
    print(f"{arguments.out}: {len(store)} recordings of {', '.join(store.sets)}, {size:.1f} MB, selection {store.hash}")


def _progress(recordings: Iterable[Recording]) -> Iterator[Recording]:
    from usdrl_model.progress import progress

    frames = 0
    with progress(recordings, unit=" recordings", desc="import") as bar:
        for recording in bar:
            frames += len(recording.frames)
            bar.set_postfix(frames=frames, refresh=False)
            yield recording
