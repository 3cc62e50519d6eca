"""How weights were made: data sets, terms, command and code.

It is stored in ``config.json``, so that an evaluation can refuse to test on training data:

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
from usdrl_model.terms import Kind, Terms


@dataclass(frozen=True, kw_only=True, slots=True)
class DataUsed:
    """One data set that weights were trained on."""

    set: str
    """Name in ``data.catalogue``, or "performer" for simulated people."""
    stage: Literal["pretraining", "training", "calibration"] = "training"
    """Pretraining uses no labels; calibration chooses temperatures and thresholds."""
    split: str = ""
    """As ``Store.select`` takes it ("cross_subject/train"); empty: all clips of the subjects."""
    subjects: tuple[str, ...] = ()
    """All subjects in these clips, as the set names them; empty where it does not name all of them."""
    minutes: int = 0
    """Length of the simulation ("performer" only)."""
    share: float = 1.0
    """Share of the windows of a batch, relative to the other data of its stage."""
    terms: str = ""
    """Terms of use of the set in the words of its source; they hold for the weights too."""
    terms_kind: Kind = "unknown"
    """What these terms allow; "unknown" where nothing states it."""
    hash: str = ""
    """Hash of the clips in their store; empty where they came from elsewhere."""

    @property
    def stated(self) -> Terms:
        """The terms as this file states them; ``data.catalogue.terms`` says what they are."""
        return Terms(self.terms_kind, self.terms)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """How one file of weights was made."""

    data: tuple[DataUsed, ...] = ()
    """Data of every stage, including those of the weights that training started from."""
    complete: bool = False
    """Whether ``data`` lists everything. False for weights that do not say, or that started from such weights."""
    command: str = ""
    configuration: str = ""
    """Hash of the configuration (``config.content_hash``)."""
    start: str = ""
    """Weights that training started from; empty: random initial weights."""
    teacher: str = ""
    """Weights that were learnt from, in distillation or beside the labels; empty: none."""
    file: str = ""
    """Name of the official checkpoint that was converted."""
    epoch: int | None = None
    """Epoch of that checkpoint."""
    code: CodeVersion = field(default_factory=CodeVersion)
    """The code that made the weights."""

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the data sets, each once."""
        return tuple(dict.fromkeys(one.set for one in self.data))

    @property
    def parts(self) -> tuple[DataUsed, ...]:
        """``data``, what several runs of one stage learnt from once."""
        return tuple({(one.set, one.stage, one.split, one.subjects, one.minutes): one for one in self.data}.values())

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms of use of the data sets, each once."""
        return tuple(dict.fromkeys(one.terms for one in self.data if one.terms))


def summary(made: Provenance) -> str:
    """The data sets in one line, and whether others are unknown; cut and escaped, whatever the file holds."""
    parts = []
    for one in made.parts:
        people = f"subjects {', '.join(one.subjects)}" if one.subjects else ""
        amount = f"{one.minutes} simulated minutes" if one.minutes else ""
        facts = ", ".join(filter(None, (people or amount, one.split)))
        parts.append(f"{one.set} ({facts})" if facts else one.set)
    if not made.complete:
        parts.append("further data unknown" if parts else "data unknown")
    return cut("; ".join(dict.fromkeys(parts)), MESSAGE) or "no data"
