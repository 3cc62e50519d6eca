"""Finished cells as files, so that an evaluation can be stopped, go on, and be part of a larger one.

A cell is taken from its file as long as everything that decides it is the same: benchmark, settings, method, recipe,
weights, seed, data, and the code (``code_version``). That is its key; the name of the file ends with a hash of it. So a
cell of other code is never taken: it is made again, and the file of the other code stays where it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from usdrl_model.checkpoints import code_version
from usdrl_model.config import HASH_LENGTH
from usdrl_model.evaluation.result import Cell
from usdrl_model.files.atomic_file import write_text

Key = Mapping[str, Any]
"""What decides a cell, as plain values; with ``task``, ``benchmark``, ``method`` and ``seed``."""


class Cells:
    """A folder of finished cells."""

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
        text = json.dumps({"key": self.complete(key), "cell": cell.to_dict()}, indent=1, allow_nan=False)
        write_text(path, text + "\n")

    def complete(self, key: Mapping[str, Any]) -> dict[str, Any]:
        """What decides a cell or a part of one, with the code."""
        return {**key, "code": self.code}

    def _path(self, key: Key) -> Path:
        text = json.dumps(self.complete(key), sort_keys=True)
        words = [str(key[part]) for part in ("task", "benchmark", "method", "seed")]
        readable = "-".join(re.sub(r"\W+", "_", word).strip("_") for word in words)
        return self.folder / f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]}.json"
