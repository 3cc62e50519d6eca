"""``usdrl data``: official files of data sets -> a store, and a look into it.

usdrl data import utd_mhad ~/data/utd_mhad --store stores
usdrl data info stores
usdrl data view stores --set utd_mhad --clip 12 --out clip.gif
usdrl data pack stores training.usdrl --split standard/train
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from usdrl_model.datasets import catalogue
from usdrl_model.recording import Recording


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``data`` and its own verbs to the ``usdrl`` command."""
    data = verbs.add_parser("data", help="import data sets into a store, look at them, pack them")
    actions = data.add_subparsers(title="verbs", required=True, metavar="VERB")

    read = actions.add_parser("import", help="official files of a data set -> a store")
    read.add_argument("set", metavar="SET", help=", ".join(catalogue.SETS))
    read.add_argument("path", type=Path, metavar="PATH", help="folder or archive of the official files")
    read.add_argument("--store", type=Path, default=Path("stores"), help="folder of the store (default: stores)")
    read.add_argument("--dtype", default="float32", help="float32 (as published) or float16 (within 1 mm)")
    read.add_argument("--replace", action="store_true", help="import a set anew that the store already has")
    read.set_defaults(run=_reported(_import))


def _import(arguments: argparse.Namespace) -> None:
    from usdrl_model.store_writer import write_set

    began = time.monotonic()
    recordings = _progress(catalogue.load(arguments.set, arguments.path))
    totals = write_set(arguments.store, arguments.set, recordings, dtype=arguments.dtype, replace=arguments.replace)
    print(
        f"{arguments.store / arguments.set}: {totals.clips} recordings, {totals.frames} frames,"
        f" {totals.rows} skeletons, hash {totals.hash}, {time.monotonic() - began:.1f} s"
    )


def _progress(recordings: Iterable[Recording]) -> Iterator[Recording]:
    from tqdm import tqdm

    frames = 0
    with tqdm(recordings, unit=" recordings", desc="import") as bar:
        for recording in bar:
            frames += len(recording.frames)
            bar.set_postfix(frames=frames, refresh=False)
            yield recording


def _reported(run: Any) -> Any:
    """``run`` as a verb: what users can mend becomes a message and exit status 1."""

    def verb(arguments: argparse.Namespace) -> int:
        logging.basicConfig(format="%(message)s")
        try:
            run(arguments)
        except (ValueError, OSError) as error:
            print(f"usdrl data: {error}", file=sys.stderr)
            return 1
        return 0

    return verb
