"""The model card of weights, ``README.md``: what they are, their data and terms, scores, limits.

All but the notes (``card.yaml`` beside the weights: summary, use, scores, limits) follows from ``config.json``, so that
a card cannot forget a data set. Texts of a file are shown cut and escaped.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from usdrl_model import config
from usdrl_model.checkpoints import config_file, detector_file
from usdrl_model.checkpoints.encoder_file import EncoderFileConfig
from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data import catalogue
from usdrl_model.errors.shown import LINE, MESSAGE, cut
from usdrl_model.files import markdown
from usdrl_model.files.atomic_file import write_text
from usdrl_model.network.config import EncoderConfig
from usdrl_model.terms import MEANINGS
from usdrl_model.training.permission import kinds_of, terms_of

NOTES, CARD = "card.yaml", "README.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One row of the scores."""

    of: str
    """What was scored: the set and its people, a suite."""
    result: str
    command: str = ""
    """That makes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notes:
    """What a card says that the weights cannot: ``card.yaml``."""

    summary: str = ""
    use: tuple[str, ...] = ()
    """Commands."""
    scores: tuple[Score, ...] = ()
    limits: tuple[str, ...] = ()


def write(folder: Path, notes: Notes | None = None) -> Path:
    """Write the card of the weights in a folder; returns its path.

    Args:
        folder: with ``config.json``.
        notes: replace those in ``card.yaml``; None: those that are there.

    Raises:
        ValueError: no weights, or damaged ones, or notes with an unknown key.
        OSError: the folder cannot be read or written.
    """
    if notes is not None:
        config.dump(notes, folder / NOTES)
    write_text(folder / CARD, text(folder))
    return folder / CARD


def notes_of(folder: Path) -> Notes:
    """The notes of the weights in a folder; empty ones where it has none. Errors as ``write``."""
    return config.load(Notes, folder / NOTES) if (folder / NOTES).is_file() else Notes()


def text(folder: Path) -> str:
    """The card as Markdown; errors as ``write``."""
    notes, about = notes_of(folder), _config(folder)
    made = about.provenance
    parts = [
        f"# {_shown(detector_file.name_of(folder))}",
        notes.summary.strip(),
        _what(about),
        _section("Use", _code(notes.use)),
        _section("Training", _training(made)),
        _section("Terms", _terms(made)),
        _section("Scores", _scores(notes)),
        _section("Limits", "\n".join(f"- {' '.join(limit.split())}" for limit in notes.limits)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _config(folder: Path) -> DetectorFileConfig | EncoderFileConfig:
    where, kind = folder / config_file.NAME, config_file.kind_of(folder)
    if kind is None:
        raise ValueError(f"{folder}: expected a folder of weights, with {config_file.NAME}")
    content = config_file.read_text(where)
    if kind == "detector":
        return config_file.parse(content, kind, DetectorFileConfig, where)
    return config_file.parse(content, kind, EncoderFileConfig, where)


def _what(about: DetectorFileConfig | EncoderFileConfig) -> str:
    if isinstance(about, EncoderFileConfig):
        return f"Encoder. {_network(about.encoder)}: windows of {about.encoder.frames} frames."
    detector = about.detector
    window = f"windows of {detector.encoder.frames} frames at {detector.rate:g} Hz"
    if detector.streaming:
        window = f"frame by frame at {detector.rate:g} Hz, scores {detector.delay} frames later"
    labels = ", ".join(_shown(label) for label in detector.labels[1:])
    return f"Detector of {labels}. {_network(detector.encoder)}: {window}."


def _network(encoder: EncoderConfig) -> str:
    facts = [
        encoder.architecture.upper(),
        f"hidden {encoder.hidden}",
        f"{encoder.heads} heads",
        f"{' and '.join(encoder.streams)} stream",
        " + ".join(encoder.modalities),
        f"{encoder.people} {'person' if encoder.people == 1 else 'people'}",
    ]
    return ", ".join(facts)


def _training(made: Provenance) -> str:
    facts = [f"Code: {_shown(made.code)}."]
    if made.start:
        facts.append(f"It started from the weights {_shown(made.start)}, whose data are in the table, too.")
    if made.teacher:
        facts.append(f"Its teacher was the model {_shown(made.teacher)}, whose data are in the table, too.")
    if not made.complete:
        facts.append("**It was trained on further data that the weights do not name.**")
    heads = ["data", "stage", "part", "share", "terms", "source"]
    table = markdown.table(heads, map(_row, made.parts)) if made.data else ""
    return "\n\n".join(filter(None, [_code([made.command] if made.command else []), " ".join(facts), table]))


def _row(used: DataUsed) -> list[str]:
    name = _shown(used.set)
    source = "-"
    if used.set in catalogue.SETS:
        info = catalogue.info(used.set)
        name, source = f"{info.title} ({used.set})", info.where
    elif used.set == catalogue.PERFORMER:
        name, source = "simulated people", "usdrl_model.simulation"
    people = f"subjects {', '.join(used.subjects)}" if used.subjects else ""
    minutes = f"{used.minutes} minutes" if used.minutes else ""
    part = ", ".join(filter(None, [people, minutes, used.split])) or "all"
    return [name, used.stage, _shown(part), f"{used.share:g}", _shown(terms_of(used)), source]


def _terms(made: Provenance) -> str:
    kinds = kinds_of(made)
    if all(terms_of(used).commercial for used in made.data) and made.complete:
        verdict = "The terms of all data allow a commercial use of these weights."
    else:
        verdict = "**Not for commercial use**: the terms of some data do not allow it."
    return "\n".join([verdict, "", *(f"- {kind}: {MEANINGS[kind]}" for kind in kinds)])


def _scores(notes: Notes) -> str:
    rows = ([_shown(one.of), _shown(one.result), f"`{one.command}`" if one.command else "-"] for one in notes.scores)
    return markdown.table(["scored on", "result", "command"], rows) if notes.scores else ""


def _section(title: str, content: str) -> str:
    return f"## {title}\n\n{content}" if content else ""


def _code(lines: Sequence[str]) -> str:
    return "\n".join(f"    {cut(line, MESSAGE)}" for line in lines)


def _shown(value: object) -> str:
    return html.escape(cut(value, LINE), quote=False)
