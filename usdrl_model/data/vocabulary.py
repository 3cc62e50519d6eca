"""Vocabularies: ``config/labels/NAME.yaml`` says which labels of which data sets show what a detector is to tell.

>>> run = Label(description="running, on the spot too", sources={"utd_mhad": ("jog",)})
>>> mine = Vocabulary(labels={"run": run}, ambiguous={"utd_mhad": ("bowling",)})
>>> mine.of("utd_mhad", "jog"), mine.of("utd_mhad", "knock"), mine.of("utd_mhad", "bowling")
('run', 'other', 'ambiguous')
>>> hri = load("hri")
>>> hri.mirrored("swipe_left"), hri.mirrored("wave")
('swipe_right', 'wave')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from usdrl_model import config
from usdrl_model.data import catalogue
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import LINE, check_name, cut, shown
from usdrl_model.skeleton.parts import Part
from usdrl_model.skeleton.segments import AMBIGUOUS

OTHER = "other"
"""What a label of a set is that no label of the vocabulary names: background."""
NONE = "none"
"""Background, class 0 of every detector."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One action."""

    description: str
    sources: dict[str, tuple[str, ...]]
    """Data set -> its labels that show the action."""
    needs: tuple[Part, ...] = ()
    """Parts of the body without which it cannot be told; it is withheld where they are not seen."""
    mirror: str = ""
    """What it is in a mirror; empty: the same."""
    backwards: str = ""
    """What it is in a film that runs backwards, itself or another label; empty: nobody knows."""
    threshold: float | None = None
    """Score from which on it is reported; None: that of the detector."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """When a gesture is done of which one instant is labelled, seconds after that instant."""

    start: float
    end: float

    def __post_init__(self) -> None:
        """Refuse an extent that ends before it starts."""
        if self.start >= self.end:
            raise ValueError(f"end: expected more than start ({self.start:g}), got {self.end:g}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The labels of a vocabulary, and what each label of each set is in it."""

    labels: dict[str, Label]
    """Actions of one person."""
    pairs: dict[str, Label] = field(default_factory=dict)
    """Actions of two people, for models of pairs; for a model of one person they are ``other``."""
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Set -> labels that are ``AMBIGUOUS`` for a model of one person."""
    stooping: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    """Set -> its label of two actions in one clip -> the label until the person stands upright again, and the next."""
    either: tuple[str, ...] = ()
    """Sets of two people in which one acts and it is not labelled who."""
    face_to_face: tuple[str, ...] = ()
    """Sets of two people, each in axes of their own, who stood before each other."""
    instants: dict[str, dict[str, Extent]] = field(default_factory=dict)
    """Sets of which one instant of a gesture is labelled -> label of the set -> when it is done."""
    contents: dict[str, dict[str, str]] = field(default_factory=dict)
    """Set -> recording without a label -> a label of the set for it."""

    def __post_init__(self) -> None:
        """Refuse what cannot be learnt from; ValueError says what to change."""
        if not self.labels:
            raise ValueError("labels: expected at least one action, got none")
        for kind, labels in (("labels", self.labels), ("pairs", self.pairs)):
            for name, label in labels.items():
                _check(f"{kind}.{name}", name, label)
            _check_partners(kind, labels)
            _check_claims(kind, labels, (self.ambiguous, self.stooping) if kind == "labels" else ())
        if both := sorted(self.labels.keys() & self.pairs.keys()):
            raise ValueError(f"pairs.{both[0]}: is an action of one person already; give it another name")
        _check_sets("ambiguous", self.ambiguous)
        _check_sets("either", self.either)
        _check_sets("face_to_face", self.face_to_face)
        _check_sets("stooping", self.stooping)
        for dataset, clips in self.stooping.items():
            for source, actions in clips.items():
                if len(actions) != 2 or not set(actions) <= self.labels.keys():
                    raise ValueError(f"stooping.{dataset}.{source}: expected two of the labels, got {shown(actions)}")
        _check_sets("instants", self.instants)
        _check_sets("contents", self.contents)

    @property
    def between(self) -> dict[str, Label]:
        """What a model of two people tells: ``pairs``, and what one does to the other, as sets of ``either`` show."""
        towards = {name: one for name, one in self.labels.items() if one.sources.keys() & set(self.either)}
        return {**self.pairs, **towards}

    def of(self, dataset: str, label: str, *, pairs: bool = False) -> str:
        """What a label of a data set is: a label of the vocabulary, ``OTHER`` or ``AMBIGUOUS``.

        Args:
            dataset: name of the set.
            label: one of the set's own, one of ``contents``, or ``AMBIGUOUS`` itself.
            pairs: for a model of two people.
        """
        for name, action in (self.between if pairs else self.labels).items():
            if label in action.sources.get(dataset, ()):
                return name
        # Two actions of one person in one clip are nothing between two people.
        several = (*self.ambiguous.get(dataset, ()), *(() if pairs else self.stooping.get(dataset, ())))
        return AMBIGUOUS if label == AMBIGUOUS or label in several else OTHER

    def content(self, dataset: str, recording: str) -> str | None:
        """The label, in the set's own words, of a recording that has none in its files; None where it is unknown."""
        return self.contents.get(dataset, {}).get(recording)

    def mirrored(self, label: str) -> str:
        """What a label is called in a mirror."""
        action = self.labels.get(label) or self.pairs.get(label)
        return action.mirror if action and action.mirror else label

    def shown_by(self, datasets: Iterable[str], *, pairs: bool = False) -> tuple[str, ...]:
        """The classes of a detector that is trained on these sets: "none", and the labels that one of them shows."""
        there, labels = set(datasets), self.between if pairs else self.labels
        two = there & set(self.either)  # alone, nobody does anything to another
        known = {
            name: label
            for name, label in labels.items()
            if label.sources.keys() & (two if pairs and name not in self.pairs else there)
        }
        mirrors = {label.mirror for label in known.values()}
        return (NONE, *(name for name in labels if name in known or name in mirrors))

    def names(self, dataset: str) -> bool:
        """Whether a label names this set as one of its sources."""
        return any(dataset in label.sources for _, label in _named(self))

    def check(self, dataset: str, labels: Iterable[str]) -> None:
        """Refuse sources that a data set has not, and a set whose actions would be background by accident.

        Args:
            dataset: name of the set.
            labels: all of the set's own labels.

        Raises:
            ValueError: a label that the set has not; the message says the nearest. Or no label names the set, though
                the set has labels of the same name.
        """
        same = sorted(set(labels) & self.labels.keys())
        if same and not self.names(dataset):
            table = "" if dataset == catalogue.PERFORMER else "give its source labels (such as {wave: wave}), or "
            raise ValueError(
                f"{dataset}: the vocabulary names no label of this set, so that its {shown(', '.join(same))} would be"
                f" background: {table}name the set in a vocabulary of yours"
            )
        known = {*labels, *self.contents.get(dataset, {}).values()}
        claimed = [
            *((f"{name}: sources", label.sources.get(dataset, ())) for name, label in _named(self)),
            ("ambiguous", self.ambiguous.get(dataset, ())),
            ("stooping", tuple(self.stooping.get(dataset, ()))),
        ]
        for where, names in claimed:
            for name in names:
                if name not in known:
                    there = f"{hint(name, known)} It has {cut(', '.join(sorted(known)), LINE)}"
                    raise ValueError(f"{where}.{dataset}: no label {shown(name)} in that set{there}")


def _check_partners(kind: str, labels: Mapping[str, Label]) -> None:
    """Refuse partners, in a mirror or backwards, that are not there or do not name each other."""
    for name, label in labels.items():
        for what, partner in (("mirror", label.mirror), ("backwards", label.backwards)):
            if not partner:
                continue
            if partner not in labels:
                raise ValueError(f"{kind}.{name}: {what}: no label {shown(partner)}{hint(partner, labels)}")
            if (back := getattr(labels[partner], what)) != name:
                is_back = f"but the {what} of {partner} is {back or 'nothing'}"
                raise ValueError(f"{kind}.{name}: {what}: {partner}, {is_back}: name each other")


def available() -> tuple[str, ...]:
    """Names of the vocabularies that come with the package."""
    return config.available("labels")


def load(name: str | Path) -> Vocabulary:
    """The vocabulary called ``name``, or the one in a file of yours whose path ends in ``.yaml``.

    Raises:
        ValueError: unknown name (the nearest is named), or a file that is no vocabulary.
        FileNotFoundError: no such file.
    """
    return config.load(Vocabulary, config.located(name, "labels", "vocabulary"))


def _named(vocabulary: Vocabulary) -> Iterator[tuple[str, Label]]:
    yield from vocabulary.labels.items()
    yield from vocabulary.pairs.items()


def _check(where: str, name: str, label: Label) -> None:
    """Refuse one label that cannot be."""
    check_name(name, where)
    if name in (NONE, OTHER, AMBIGUOUS):
        raise ValueError(f"{where}: {name!r} means that it is no action; choose another name")
    if not any(label.sources.values()):
        raise ValueError(f"{where}: sources: expected the labels of at least one data set, got none")
    _check_sets(f"{where}: sources", label.sources)
    if label.threshold is not None and not 0.0 < label.threshold < 1.0:
        raise ValueError(f"{where}: threshold: expected a score in (0, 1), got {label.threshold}")


def _check_claims(kind: str, labels: Mapping[str, Label], several: Iterable[Mapping[str, Iterable[str]]]) -> None:
    """Refuse a label of a set that is said to be two things."""
    claimed: dict[tuple[str, str], str] = {
        (dataset, source): "ambiguous" for one in several for dataset, sources in one.items() for source in sources
    }
    for name, label in labels.items():
        for dataset, sources in label.sources.items():
            for source in sources:
                first = claimed.setdefault((dataset, source), name)
                if first != name:
                    raise ValueError(
                        f"{kind}.{name}: sources.{dataset}: {shown(source)} is {first} already; a label of a set shows"
                        " one action: remove it from one of the two"
                    )


def _check_sets(where: str, names: Iterable[str]) -> None:
    for name in names:
        if name == catalogue.PERFORMER:
            continue
        try:
            catalogue.kind(name)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
