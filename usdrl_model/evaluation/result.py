"""One cell of a results table: the scores of a method, and the data of its pictures.

>>> cell = Cell(
...     task="recognition",
...     benchmark="utd_mhad",
...     method="1-NN DTW",
...     seed=0,
...     scores={"all": {"accuracy": 89.3}},
...     seconds=12.5,
... )
>>> Cell.from_dict(json.loads(json.dumps(cell.to_dict()))) == cell
True
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from usdrl_model import config
from usdrl_model.checkpoints import code_version
from usdrl_model.checkpoints.code_version import CodeVersion

ALL = "all"
"""The setting of a task that has none."""
_KEYS: dict[str, type | tuple[type, ...]] = {
    "task": str,
    "benchmark": str,
    "method": str,
    "seed": int,
    "scores": Mapping,
    "seconds": (int, float),
    "labels": list,
    "details": Mapping,
    "code": Mapping,
    "date": str,
}


def setting_name(value: float) -> str:
    """The name of a setting that is a number: "0.01", "5", "0.4"."""
    return f"{value:g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Scores of one method with one seed on one benchmark."""

    task: str
    benchmark: str
    method: str
    seed: int
    scores: Mapping[str, Mapping[str, float]]
    """Setting -> metric -> value. A setting is ``ALL``, or ``setting_name`` of a share of the labels, of a number of
    examples a class or of an observation ratio, in the order of the table; accuracies and F1 are in percent."""
    seconds: float
    """Seconds of fitting and scoring."""
    labels: tuple[str, ...] = ()
    """K classes, in the order of ``details``."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What JSON can hold, by kind: ``confusion`` {setting: K rows of K counts, a row a true class},
    ``precision_recall``, ``timelines``, ``folds`` {setting: {fold: {metric: value}}}."""
    code: CodeVersion = field(default_factory=lambda: code_version.current())
    """What made it."""
    date: str = field(default_factory=lambda: time.strftime("%Y-%m-%d", time.gmtime()))
    """When, in UTC."""

    def __post_init__(self) -> None:
        """Raise ValueError for a cell without scores, or with a score that is not finite."""
        if not self.scores:
            raise ValueError(f"{self.task} {self.benchmark} {self.method}: a cell without scores")
        for setting, values in self.scores.items():
            for metric, value in values.items():
                if not math.isfinite(value):
                    raise ValueError(f"{self.task} {self.benchmark} {self.method}: {metric} of {setting} is {value}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        return {
            "task": self.task,
            "benchmark": self.benchmark,
            "method": self.method,
            "seed": self.seed,
            "scores": {setting: dict(values) for setting, values in self.scores.items()},
            "seconds": self.seconds,
            "labels": list(self.labels),
            "details": json.loads(json.dumps(self.details)),
            "code": config.to_dict(self.code),
            "date": self.date,
        }

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Cell:
        """The inverse of ``to_dict``.

        Raises:
            ValueError: a key that is missing, unknown or of another type; the message names it.
        """
        if not isinstance(mapping, Mapping) or set(mapping) != set(_KEYS):
            there = sorted(map(str, mapping)) if isinstance(mapping, Mapping) else mapping
            raise ValueError(f"a cell has the keys {', '.join(_KEYS)}, got {there}")
        for key, kind in _KEYS.items():
            if not isinstance(mapping[key], kind) or isinstance(mapping[key], bool):
                raise ValueError(f"cell: {key}: not what a cell holds: {mapping[key]!r}")
        code = config.from_dict(CodeVersion, mapping["code"], where="cell: code")
        return cls(**{**mapping, "labels": tuple(mapping["labels"]), "code": code})


def made_with(cells: Iterable[Cell]) -> tuple[CodeVersion, str]:
    """The code that made cells, and the days on which it did ("2026-11-26 to 2026-11-27").

    Raises:
        ValueError: different code made them, so that they cannot be compared; without cells, too.
    """
    by_code: dict[str, list[Cell]] = {}
    for cell in cells:
        by_code.setdefault(cell.code.hash, []).append(cell)
    if len(by_code) != 1:
        found = "; ".join(f"{len(group)} by {group[0].code}" for group in by_code.values()) or "none"
        raise ValueError(
            f"expected cells made by the same code, got {found}: make them again with one of them (usdrl evaluate and"
            " usdrl benchmark do, where a cell is not of the code that runs)"
        )
    (group,) = by_code.values()
    newest = max(group, key=lambda cell: cell.date)
    days = sorted({cell.date for cell in group})
    return newest.code, " to ".join(dict.fromkeys((days[0], days[-1])))
