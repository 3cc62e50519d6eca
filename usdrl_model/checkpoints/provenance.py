"""Where weights come from, as data: what they were made on, by which command and by which code.

It is written into ``config.json`` with the weights, and read by whoever must not test on what they know:

    >>> made = Provenance(data=(DataUsed(set="utkinect", subjects=("01", "03")),), complete=True)
    >>> made.sets, made.complete
    (('utkinect',), True)
    >>> summary(made)
    'utkinect (subjects 01, 03)'
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from usdrl_model.checkpoints.code_version import CodeVersion
from usdrl_model.errors.shown import MESSAGE, cut


@dataclass(frozen=True, kw_only=True, slots=True)
class DataUsed:
    """One data set that weights have learnt from."""

    set: str
    """Of ``datasets.catalogue``, or "performer" (simulated people)."""
    stage: Literal["pretraining", "training"] = "training"
    """Without labels, or with them."""
    split: str = ""
    """Which of its clips, as ``Store.select`` takes it ("cross_subject/train"); empty: all of the subjects'."""
    subjects: tuple[str, ...] = ()
    """Everybody who is in them, as the set writes them; empty where it does not say who was recorded."""
    minutes: int = 0
    """Simulated ones (performer only)."""
    share: float = 1.0
    """Of the windows of a batch, relative to the others of its stage."""
    terms: str = ""
    """On which the set may be used, and so what was made of it."""
    hash: str = ""
    """Of the clips in their store; empty where they were not read from one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Of one file of weights."""

    data: tuple[DataUsed, ...] = ()
    """Of every stage, that of the weights they started from included."""
    complete: bool = False
    """Whether ``data`` is all of it. False for weights that do not say, or started from some that do not."""
    command: str = ""
    configuration: str = ""
    """Hash of it (``config.content_hash``)."""
    start: str = ""
    """Weights that they started from; empty: random ones."""
    file: str = ""
    """Name of the official checkpoint that they were converted from."""
    epoch: int | None = None
    """Of that checkpoint."""
    code: CodeVersion = field(default_factory=CodeVersion)
    """What made them."""

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the data sets, each once."""
        return tuple(dict.fromkeys(one.set for one in self.data))

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms of use of the data sets, each once."""
        return tuple(dict.fromkeys(one.terms for one in self.data if one.terms))


def summary(made: Provenance) -> str:
    """One line: the data, and whether there may be more; short and printable, whatever the file holds."""
    parts = []
    for one in made.data:
        people = f"subjects {', '.join(one.subjects)}" if one.subjects else ""
        amount = f"{one.minutes} simulated minutes" if one.minutes else ""
        facts = ", ".join(filter(None, (people or amount, one.split)))
        parts.append(f"{one.set} ({facts})" if facts else one.set)
    if not made.complete:
        parts.append("more that is not said" if parts else "data that are not said")
    return cut("; ".join(parts), MESSAGE) or "no data"
