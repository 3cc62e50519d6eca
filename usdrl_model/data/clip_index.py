"""Entry of a clip in the index of a set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from usdrl_model.errors.shown import shown
from usdrl_model.files import limits
from usdrl_model.skeleton import topology_file
from usdrl_model.skeleton.segments import Segment


@dataclass(frozen=True, slots=True)
class ClipIndex:
    """A clip in ``index.json``."""

    name: str
    topology: str
    frames: int
    rows: int
    """Skeletons: frames times the people in each."""
    people: tuple[str, ...]
    confident: bool
    """Whether the tracker gives a confidence."""
    origin: tuple[float, float, float]
    """Added to the stored coordinates, which keeps float16 precise; (0, 0, 0) in float32 and float64."""
    subject: str | None
    label: str | None
    segments: tuple[Segment, ...]
    tags: Mapping[str, str]
    flat: bool = False
    """The joints are in a picture (``SkeletonFrame.flat``)."""
    lifted: bool = False
    """A depth image has put the joints into space (``SkeletonFrame.lifted``)."""
    judged: bool = False
    """Invalid joints are NaN already, and the rest is valid anywhere (``Person.judged``)."""
    sensor: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Where the sensor was, metres (``SkeletonFrame.sensor``)."""

    def shows(self, labels: set[str]) -> bool:
        """Whether the label of the clip or of one of its segments is in ``labels``."""
        return self.label in labels or any(segment.label in labels for segment in self.segments)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; empty fields are left out."""
        segments = [[segment.person, segment.label, segment.start, segment.end] for segment in self.segments]
        entry = {
            "name": self.name,
            "topology": self.topology,
            "frames": self.frames,
            "rows": self.rows,
            "people": list(self.people),
            "confident": self.confident,
            "origin": list(self.origin) if any(self.origin) else None,
            "subject": self.subject,
            "label": self.label,
            "segments": segments,
            "tags": dict(self.tags),
            "flat": self.flat,
            "lifted": self.lifted,
            "judged": self.judged,
            "sensor": list(self.sensor) if any(self.sensor) else None,
        }
        return {key: value for key, value in entry.items() if value not in (None, False, [], {})}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> ClipIndex:
        """The inverse of ``to_json``; ValueError if a value has the wrong type."""
        frames, rows = int(entry.get("frames", 0)), int(entry.get("rows", 0))
        if not 0 <= frames <= limits.STORED or not 0 <= rows <= limits.STORED:
            raise ValueError(f"{frames} frames, {rows} skeletons")
        layout = _text(entry["topology"])
        if topology_file.is_file(layout):  # the writer never stores one
            raise ValueError(f"topology {shown(layout)} in a file of its own")
        return cls(
            name=str(entry["name"]),
            topology=layout,
            frames=frames,
            rows=rows,
            people=tuple(map(_text, entry.get("people", ()))),
            confident=bool(entry.get("confident", False)),
            origin=_place(entry, "origin"),
            subject=None if entry.get("subject") is None else _text(entry["subject"]),
            label=None if entry.get("label") is None else _text(entry["label"]),
            segments=tuple(
                Segment(str(person), str(label), float(start), float(end))
                for person, label, start, end in entry.get("segments", ())
            ),
            tags={_text(key): _text(value) for key, value in dict(entry.get("tags", {})).items()},
            flat=bool(entry.get("flat", False)),
            lifted=bool(entry.get("lifted", False)),
            judged=bool(entry.get("judged", False)),
            sensor=_place(entry, "sensor"),
        )


def _place(entry: Mapping[str, Any], key: str) -> tuple[float, float, float]:
    x, y, z = map(float, entry.get(key, (0.0, 0.0, 0.0)))
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        raise ValueError(f"{key}: expected 3 finite numbers, got {shown(entry[key])}")
    return x, y, z


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {shown(value)}")
    return value
