"""``labels.yaml`` beside a bag: the actions of every person, in the stamps of the bag's messages.

::

    schema: usdrl.labels/1
    topic: /skeletons            # the topic with the skeletons
    topology: kinect_v2_25       # joint set, or a .yaml file of one's own (relative to this one)
    axes: kinect                 # optical, body or kinect, as the node's parameter
    units: m                     # m (default), cm or mm, as the node's parameter
    mirrored: false              # as the node's parameter; default false
    input_type: mediapipe_json   # as the node's parameter; default: by the type of the messages
    input_file: bodies.yaml      # as the node's parameter (relative to this file)
    depth_topic: /depth          # as the node's parameter, and camera_info_topic
    picture_size: [640, 480]     # as the node's parameter
    sensor_pose: [0, 0, 1.2, 0, 0.6, 0]    # as the node's parameter, and imu_topic, imu_rotation; default: level
    input_options: {pattern: "{joint}_{person}"}    # as the node's parameters input.*
    labels: [wave, clap]         # every annotated action, without the background
    segments:                    # seconds, header stamps; `person` as the input adapter names people
      - {person: "1", label: wave, start: 1003.2, end: 1005.1}
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import NAME, cut, showable, shown
from usdrl_model.files import limits
from usdrl_model.files.atomic_file import write_bytes, write_text
from usdrl_model.files.documents import read_yaml
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton import topology, topology_file
from usdrl_model.skeleton.person import AXES, UNITS
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.metadata import check_ros2
from usdrl_ros.inputs.coordinate_frames import NO_POSE
from usdrl_ros.inputs.options import PREFIX
from usdrl_ros.inputs.source_config import SourceConfig

SCHEMA = "usdrl.labels/1"
FILE_NAME = "labels.yaml"
NAMES = ("input_type", "input_file", "depth_topic", "camera_info_topic", "imu_topic")
"""Fields that may be left out: the adapter follows from the type of the messages."""
NUMBERS = {"picture_size": 2, "sensor_pose": len(NO_POSE), "imu_rotation": 3}
"""Fields that are lists of so many numbers, and may be left out."""
READING = ("topic", "topology", "axes", "units", "mirrored", *NAMES, *NUMBERS)
"""Fields that are parameters of the node by the same names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """The content of one ``labels.yaml``."""

    topic: str
    """The skeletons' topic in the bag."""
    topology: str
    """Joint set of its messages: one of ``skeleton.topology.names()``, or the path of a file."""
    axes: str
    """Axes of its points, a key of ``person.AXES``."""
    labels: tuple[str, ...]
    """Every annotated action, without the background."""
    segments: tuple[Segment, ...]
    """Of ``labels`` and ``AMBIGUOUS``; stamps in seconds, rounded to nanoseconds like those of message headers."""
    units: str = "m"
    """Unit of its points, a key of ``person.UNITS``."""
    mirrored: bool = False
    """Left and right are exchanged, see ``Topology.order``."""
    input_type: str = ""
    """Name of an input adapter; empty: the first that reads messages of this type."""
    input_file: str = ""
    """Path of the file that the adapter reads, if it needs one."""
    depth_topic: str = ""
    """Depth images, for joints without depth."""
    camera_info_topic: str = ""
    """The camera whose picture the joints are in."""
    picture_size: tuple[float, ...] = (0.0, 0.0)
    """Its width and height, pixels; zeros: from the camera info, or no picture at all."""
    sensor_pose: tuple[float, ...] = NO_POSE
    """How the sensor is mounted: x, y, z (m), roll, pitch, yaw (rad); zeros: it is level."""
    imu_topic: str = ""
    """The IMU on the sensor, which says so at every moment."""
    imu_rotation: tuple[float, ...] = (0.0, 0.0, 0.0)
    """How that is turned against the sensor: roll, pitch, yaw (rad)."""
    input_options: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the adapter that differ from their defaults."""

    def source(self) -> SourceConfig:
        """How its messages are read; where they have no ids, the person is the only one in the labels."""
        people = {segment.person for segment in self.segments}
        known = {one.name for one in fields(SourceConfig)}
        stated = {name: getattr(self, name) for name in READING if name in known}
        return SourceConfig(**stated, person_id=people.pop() if len(people) == 1 else "0")

    def parameters(self) -> dict[str, Any]:
        """The parameters with which a node reads its messages, those that the labels state."""
        stated = {one.name: getattr(self, one.name) for one in fields(self) if one.name in READING}
        default = {one.name: one.default for one in fields(self)}
        options = {f"{PREFIX}{name}": value for name, value in self.input_options.items()}
        return {name: value for name, value in stated.items() if value != default[name]} | options

    def document(self) -> dict[str, Any]:
        """As plain lists, strings and numbers, for YAML and JSON."""
        return {
            "schema": SCHEMA,
            "topic": self.topic,
            "topology": self.topology,
            "axes": self.axes,
            "units": self.units,
            "mirrored": self.mirrored,
            **{name: value for name in NAMES if (value := getattr(self, name))},
            **{name: list(value) for name in NUMBERS if any(value := getattr(self, name))},
            **({"input_options": dict(self.input_options)} if self.input_options else {}),
            "labels": list(self.labels),
            "segments": [
                asdict(segment) | {"start": round(segment.start, 9), "end": round(segment.end, 9)}
                for segment in self.segments
            ],
        }


def save_truth(truth: Truth, bag: str | Path) -> Path:
    """Write the truth into the folder of a bag, with the files that it names, if any; return the file's path."""
    path = Path(bag) / FILE_NAME
    if topology_file.is_file(truth.topology):
        truth = replace(truth, topology=_beside(path, "topology", truth.topology))
    if truth.input_file:
        truth = replace(truth, input_file=_beside(path, "input_file", truth.input_file))
    write_text(path, yaml.safe_dump(truth.document(), sort_keys=False))
    return path


def _beside(labels: Path, field: str, file: str) -> str:
    """Copy a file that the labels name beside them, and return its name there."""
    own, content = labels.parent / Path(file).name, Path(file).read_bytes()
    if own == labels or (own.exists() and own.read_bytes() != content):
        raise BagError(f"{field} {file}: the bag has another file of that name; rename yours")
    write_bytes(own, content)
    return own.name


def load_truth(bag: str | Path) -> Truth:
    """Read the truth beside a bag: ``labels.yaml`` in its folder.

    Raises:
        BagError: no such file, not YAML, or a field is missing or wrong; the message names the field.
    """
    folder = Path(bag)
    if not folder.exists():
        raise BagError(f"{folder}: no such bag")
    check_ros2(folder)
    path = (folder if folder.is_dir() else folder.parent) / FILE_NAME
    try:
        document = read_yaml(path)
    except FileNotFoundError:
        how = "usdrl-bag label makes one, docs/bags.md has the smallest"
        raise BagError(f"{path}: no such file: nobody has said what people do in this bag ({how})") from None
    except OSError as error:
        raise BagError(f"{path}: cannot read the labels of the bag (see docs/bags.md): {error}") from error
    except ValueError as error:
        raise BagError(f"{error} (see docs/bags.md)") from error
    try:
        truth = parse_truth(document)
        file = str(path.parent / truth.input_file) if truth.input_file else ""
        return replace(truth, topology=topology.located(truth.topology, path.parent), input_file=file)
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
        raise BagError(f"schema: expected {SCHEMA}, got {shown(document.get('schema'))}")
    known = (
        *("schema", "topic", "topology", "axes", "units", "mirrored", *NAMES, *NUMBERS, "input_options"),
        *("labels", "segments"),
    )
    if strange := sorted(str(key) for key in document.keys() - set(known)):
        meant = hint(strange[0], known)
        raise BagError(f"unknown field {cut(', '.join(strange))}{meant} Known are {', '.join(known)}")
    labels = document.get("labels")
    if not isinstance(labels, list):
        raise BagError(f"labels: expected a list of names, got {shown(labels)}")
    for index, label in enumerate(labels):
        if not isinstance(label, str) or not label:
            raise BagError(f"labels[{index}]: expected a name, got {shown(label)}{_quotes(label)}")
    for label in labels:
        if not showable(label):
            raise BagError(f"labels: expected at most {NAME} printable characters each, got {shown(label)}")
    if BACKGROUND_LABEL in labels:
        raise BagError(f"labels: expected actions, got {BACKGROUND_LABEL!r}: leave it out, it is what has no label")
    if len(set(labels)) != len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise BagError(f"labels: duplicate name: {shown(twice)}")
    rows = document.get("segments")
    if not isinstance(rows, list):
        raise BagError(f"segments: expected a list, got {shown(rows)}")
    return Truth(
        topic=_text(document, "topic"),
        topology=_topology(document),
        axes=_choice(document, "axes", AXES),
        labels=tuple(label for label in labels if label != AMBIGUOUS),  # it needs no place there, and is no action
        segments=tuple(_segment(index, row, [*labels, AMBIGUOUS]) for index, row in enumerate(rows)),
        units=_choice({"units": "m"} | document, "units", UNITS),
        mirrored=_flag(document, "mirrored"),
        input_options=_options(document),
        **_further(document),
    )


def _text(document: dict[str, Any], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value:
        raise BagError(f"{field}: expected a name, got {shown(value)}")
    return value


def _further(document: dict[str, Any]) -> dict[str, Any]:
    """The fields that may be left out."""
    names = {name: _text(document, name) for name in NAMES if name in document}
    return names | {name: _numbers(document, name, count) for name, count in NUMBERS.items() if name in document}


def _numbers(document: dict[str, Any], field: str, count: int) -> tuple[float, ...]:
    value = document[field]
    numbers = isinstance(value, list) and all(type(one) in (int, float) and math.isfinite(one) for one in value)
    if not numbers or len(value) != count:
        raise BagError(f"{field}: expected a list of {count} numbers, got {shown(value)}")
    return tuple(map(float, value))


def _options(document: dict[str, Any]) -> dict[str, Any]:
    """Names and values; the adapter checks what they mean."""
    value = document.get("input_options", {})
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise BagError(f"input_options: expected {{name: value}}, got {shown(value)}")
    return value


def _topology(document: dict[str, Any]) -> str:
    """A known name, or the path of a file, which is read with the messages."""
    value = document.get("topology")
    if isinstance(value, str) and topology_file.is_file(value):
        return value
    return _choice(document, "topology", (*topology.names(), "the path of a .yaml file"))


def _flag(document: dict[str, Any], field: str) -> bool:
    value = document.get(field, False)
    if not isinstance(value, bool):
        raise BagError(f"{field}: expected true or false, got {shown(value)}")
    return value


def _choice(document: dict[str, Any], field: str, choices: Collection[str]) -> str:
    value = document.get(field)
    if not isinstance(value, str) or value not in choices:
        meant = hint(value, choices, otherwise="")
        raise BagError(f"{field}: expected one of {', '.join(choices)}, got {shown(value)}{meant}")
    return value


def _quotes(value: Any) -> str:
    """What to do about a name that YAML reads as something else, such as ``no``."""
    return "" if isinstance(value, (str, list, dict)) else ": put it in quotes, or YAML reads something else"


def _segment(index: int, row: Any, labels: list[str]) -> Segment:
    where = f"segments[{index}]"
    if not isinstance(row, dict) or set(row) != {"person", "label", "start", "end"}:
        raise BagError(f"{where}: expected the fields person, label, start, end, got {shown(row)}")
    # An unquoted id is read as a number by YAML.
    if isinstance(row["person"], bool) or not isinstance(row["person"], str | int) or row["person"] == "":
        raise BagError(f"{where}.person: expected an id, got {shown(row['person'])}")
    if row["label"] not in labels:
        meant = _quotes(row["label"]) or hint(row["label"], labels, otherwise="")
        raise BagError(
            f"{where}.label: expected one of {cut(', '.join(labels), 200)}, got {shown(row['label'])}{meant}"
        )
    for end in ("start", "end"):
        value = row[end]
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < limits.LATEST:
            raise BagError(f"{where}.{end}: expected seconds, got {shown(value)}")
    if row["end"] < row["start"]:
        raise BagError(f"{where}: ends at {row['end']} before it starts at {row['start']}")
    return Segment(str(row["person"]), row["label"], float(row["start"]), float(row["end"]))
