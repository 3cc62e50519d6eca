"""``labels.yaml`` beside a bag: who did what, and when, in the stamps of the bag's messages.

::

    schema: usdrl.labels/1
    topic: /skeletons            # the topic with the skeletons
    topology: kinect_v2_25       # its joint set
    axes: kinect                 # its axes: optical, body or kinect, as the node's parameter
    labels: [wave, clap]         # every action that was looked for, background not included
    segments:                    # seconds, header stamps; `person` as the input adapter names people
      - {person: "1", label: wave, start: 1003.2, end: 1005.1}
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from usdrl_model import topology
from usdrl_model.recording import Segment
from usdrl_ros.bag_error import BagError
from usdrl_ros.frames import AXES

SCHEMA = "usdrl.labels/1"
FILE_NAME = "labels.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """The content of one ``labels.yaml``."""

    topic: str
    """The skeletons' topic in the bag."""
    topology: str
    """Joint set of its messages (``usdrl_model.topology.names()``)."""
    axes: str
    """Axes of its points, a key of ``frames.AXES``."""
    labels: tuple[str, ...]
    """Every action that the recording was searched for, background not included."""
    segments: tuple[Segment, ...]
    """Stamps in seconds, rounded to nanoseconds as those of message headers."""

    def document(self) -> dict[str, Any]:
        """The same as plain lists, strings and numbers, for YAML and JSON."""
        return {
            "schema": SCHEMA,
            "topic": self.topic,
            "topology": self.topology,
            "axes": self.axes,
            "labels": list(self.labels),
            "segments": [
                asdict(segment) | {"start": round(segment.start, 9), "end": round(segment.end, 9)}
                for segment in self.segments
            ],
        }


def save_truth(truth: Truth, bag: str | Path) -> Path:
    """Write the truth into the folder of a bag; return the file's path."""
    path = Path(bag) / FILE_NAME
    path.write_text(yaml.safe_dump(truth.document(), sort_keys=False), encoding="utf-8")
    return path


def load_truth(bag: str | Path) -> Truth:
    """Read the truth beside a bag: ``labels.yaml`` in its folder.

    Raises:
        BagError: no such file, not YAML, or a field is missing or wrong; the message names the field.
    """
    folder = Path(bag)
    path = (folder if folder.is_dir() else folder.parent) / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BagError(f"{path}: cannot read the labels of the bag (see docs/bags.md): {error}") from error
    try:
        return parse_truth(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BagError(f"{path}: not YAML: {error}") from error
    except BagError as error:
        raise BagError(f"{path}: {error}") from error


def parse_truth(document: Any) -> Truth:
    """The truth in a loaded YAML or JSON document.

    Raises:
        BagError: a field is missing or wrong; the message names the field.
    """
    if not isinstance(document, dict):
        raise BagError(f"expected a mapping, got {type(document).__name__}")
    if document.get("schema") != SCHEMA:
        raise BagError(f"schema: expected {SCHEMA}, got {document.get('schema')!r}")
    known = ("schema", "topic", "topology", "axes", "labels", "segments")
    if strange := sorted(str(key) for key in document.keys() - set(known)):
        raise BagError(f"unknown field {', '.join(strange)}; known are {', '.join(known)}")
    labels = document.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
        raise BagError(f"labels: expected a list of names, got {labels!r}")
    if len(set(labels)) != len(labels):
        raise BagError("labels: every name once, please")
    rows = document.get("segments")
    if not isinstance(rows, list):
        raise BagError(f"segments: expected a list, got {rows!r}")
    return Truth(
        topic=_text(document, "topic"),
        topology=_choice(document, "topology", topology.names()),
        axes=_choice(document, "axes", AXES),
        labels=tuple(labels),
        segments=tuple(_segment(index, row, labels) for index, row in enumerate(rows)),
    )


def _text(document: dict[str, Any], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value:
        raise BagError(f"{field}: expected a name, got {value!r}")
    return value


def _choice(document: dict[str, Any], field: str, choices: Collection[str]) -> str:
    value = document.get(field)
    if not isinstance(value, str) or value not in choices:
        raise BagError(f"{field}: expected one of {', '.join(choices)}, got {value!r}")
    return value


def _segment(index: int, row: Any, labels: list[str]) -> Segment:
    where = f"segments[{index}]"
    if not isinstance(row, dict) or set(row) != {"person", "label", "start", "end"}:
        raise BagError(f"{where}: expected the fields person, label, start, end, got {row!r}")
    # An unquoted id is read as a number by YAML.
    if isinstance(row["person"], bool) or not isinstance(row["person"], str | int) or row["person"] == "":
        raise BagError(f"{where}.person: expected an id, got {row['person']!r}")
    if row["label"] not in labels:
        raise BagError(f"{where}.label: expected one of {', '.join(labels)}, got {row['label']!r}")
    for field in ("start", "end"):
        value = row[field]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BagError(f"{where}.{field}: expected seconds, got {value!r}")
    if row["end"] < row["start"]:
        raise BagError(f"{where}: ends at {row['end']} before it starts at {row['start']}")
    return Segment(str(row["person"]), row["label"], float(row["start"]), float(row["end"]))
