"""Finished cells as files, so that an evaluation can be stopped, go on, and be part of a larger one.

A cell is taken from its file as long as everything that decides it is the same: benchmark, settings, method, recipe,
weights, seed, data, and the code (``code_version``). That is its key; the name of the file ends with a hash of it. So a
cell of other code is never taken: it is made again, and the file of the other code stays where it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from usdrl_model.checkpoints import code_version
from usdrl_model.config import HASH_LENGTH
from usdrl_model.evaluation.networks import AnyMethod
from usdrl_model.evaluation.result import Cell
from usdrl_model.files.atomic_file import replacing, write_text
from usdrl_model.progress import progress

Key = Mapping[str, Any]
"""What decides a cell, as plain values; with ``task``, ``benchmark``, ``method`` and ``seed``."""
Posteriors = Mapping[str, np.ndarray]
"""Recording -> posteriors of its frames."""


class Cells:
    """A folder of finished cells, and of the posteriors that cells of different tasks are made from."""

    def __init__(self, folder: str | Path) -> None:
        """The folder is made with the first cell."""
        self.folder = Path(folder)
        self.code = code_version.current().hash
        """Of the code that makes cells from here on."""

    def get(self, key: Key) -> Cell | None:
        """The cell, or None where it is not finished.

        Raises:
            ValueError: the file is damaged.
        """
        path = self._path(key)
        if not path.exists():
            return None
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return Cell.from_dict(stored["cell"])
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}: not a cell ({error}): delete it, and it is made again") from None

    def put(self, key: Key, cell: Cell) -> None:
        """Keep a cell; its file is there as a whole or not at all."""
        path = self._path(key)
        text = json.dumps({"key": self._complete(key), "cell": cell.to_dict()}, indent=1, allow_nan=False)
        write_text(path, text + "\n")

    def finished(
        self, wanted: Sequence[tuple[AnyMethod, int, Key]], make: Callable[[AnyMethod, int], Cell], title: str
    ) -> list[Cell]:
        """All cells in the order in which they are wanted: those of the folder, and the others made and kept.

        Args:
            wanted: method, seed and key of every cell.
            make: makes the cell of a method and a seed.
            title: of the progress bar.

        Raises:
            ValueError: the file of a cell is damaged (nothing has been made then), or as ``make``.
        """
        found = {index: cell for index, (_, _, key) in enumerate(wanted) if (cell := self.get(key)) is not None}
        todo = [index for index in range(len(wanted)) if index not in found]
        with progress(todo, desc=title, unit="cell") as bar:
            for index in bar:
                method, seed, key = wanted[index]
                bar.set_postfix_str(f"{method.title}, seed {seed}")
                found[index] = make(method, seed)
                self.put(key, found[index])
        return [found[index] for index in range(len(wanted))]

    def get_posteriors(self, key: Mapping[str, Any]) -> Posteriors | None:
        """What ``put_posteriors`` kept under the same key, or None."""
        path = self._posteriors(key)
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)

    def put_posteriors(self, key: Mapping[str, Any], posteriors: Posteriors) -> None:
        """Keep arrays by name, under a key of plain values that is all that decides them."""
        with replacing(self._posteriors(key)) as file:
            np.savez_compressed(file, **cast(dict[str, Any], dict(posteriors)))

    def _posteriors(self, key: Mapping[str, Any]) -> Path:
        return self.folder / "posteriors" / f"{self._hash(key)}.npz"

    def _hash(self, key: Mapping[str, Any]) -> str:
        text = json.dumps(self._complete(key), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]

    def _complete(self, key: Mapping[str, Any]) -> dict[str, Any]:
        return {**key, "code": self.code}

    def name(self, key: Key) -> str:
        """Readable name of the cell, unique by a hash of the key."""
        return self._path(key).stem

    def _path(self, key: Key) -> Path:
        words = [str(key[part]) for part in ("task", "benchmark", "method", "seed")]
        readable = "-".join(re.sub(r"\W+", "_", word).strip("_") for word in words)
        return self.folder / f"{readable}-{self._hash(key)}.json"
