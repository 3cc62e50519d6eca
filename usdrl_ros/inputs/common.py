"""Result, error and checks shared by all input adapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from usdrl_model.errors.shown import NAME, cut, showable
from usdrl_model.skeleton.person import SkeletonFrame

NANOSECONDS = 1_000_000_000
"""Of a second: ``nanosec`` of a stamp is below."""
OVERSHOOT = 1.5
"""Some networks give confidences slightly above 1; larger values have another scale."""
MAX_PEOPLE = 64
"""A message with more people is rejected: it is probably not from a body tracker, but a depth cloud, for example."""


class InputError(ValueError):
    """A message that cannot be understood.

    Attributes:
        kind: short name of the reason, for counting.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """The people of one message, with its header."""

    frame: SkeletonFrame
    """Joints in the axes of the source."""
    stamp: Time
    """Stamp of the message to the nanosecond; ``frame.stamp`` is the same in float seconds."""
    frame_id: str


def seconds(stamp: Time) -> float:
    """A ROS stamp in float seconds.

    Raises:
        InputError: ``zero_stamp`` if the stamp is zero or negative, ``nanosec`` if it is no stamp.
    """
    if stamp.nanosec >= NANOSECONDS:
        raise InputError(
            "nanosec",
            f"expected header.stamp.nanosec below {NANOSECONDS}, got {stamp.nanosec}: correct the publisher, which"
            " counts in another unit, or carries nothing over into sec",
        )
    value = stamp.sec + stamp.nanosec * 1e-9
    if value <= 0.0:
        raise InputError(
            "zero_stamp",
            f"expected the time of measurement in header.stamp, got {value:g} s: windows are cut by stamps, so the"
            " publisher must set it",
        )
    return value


def ros_time(seconds: float) -> Time:
    """Float seconds as a ROS stamp; a float64 resolves present stamps to 0.2 microseconds."""
    whole, nanoseconds = divmod(round(seconds * 1e9), NANOSECONDS)
    return Time(sec=whole, nanosec=nanoseconds)


def source_frame(header: Header, people: tuple) -> SourceFrame:
    """A source frame from a message's header and its people.

    Raises:
        InputError: ``zero_stamp``, ``nanosec`` as ``seconds``, or ``frame_id``, because the name is published.
    """
    if not showable(header.frame_id):
        raise InputError(
            "frame_id",
            f"expected at most {NAME} printable characters in header.frame_id, got {cut(header.frame_id, NAME)}",
        )
    return SourceFrame(SkeletonFrame(seconds(header.stamp), people), header.stamp, frame_name(header.frame_id))


def frame_name(frame: str) -> str:
    """The name of a frame without the slash that older publishers put before it, and that tf2 refuses."""
    return frame.removeprefix("/")


def check_people(count: int) -> None:
    """Reject a message with more than ``MAX_PEOPLE`` people.

    Raises:
        InputError: ``too_many_people``.
    """
    if count > MAX_PEOPLE:
        raise InputError(
            "too_many_people",
            f"expected at most {MAX_PEOPLE} people, got {count}: is this the topic of a body tracker?",
        )


def check_confidence(confidence: np.ndarray) -> None:
    """Reject confidences of another scale than 0 to 1, by which everything would be sure; NaN is none.

    Raises:
        InputError: ``field_value``.
    """
    most = float(np.max(confidence, initial=0.0, where=~np.isnan(confidence)))
    if most > OVERSHOOT:
        raise InputError(
            "field_value",
            f"expected confidence from 0 to 1, got up to {most:g}: a percentage? divide it by the largest possible"
            " value",
        )


def numbered(
    points: Iterable[tuple[int, Sequence[float], float]], V: int, *, first: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (V, 3), NaN where none was sent, and confidence (V,) of joints that are sent one by one.

    Args:
        points: number, place and confidence of each.
        V: joints of the topology.
        first: number of the first of them.

    Raises:
        InputError: ``joint_range``, ``duplicate_joint``.
    """
    joints, confidence, seen = np.full((V, 3), np.nan), np.zeros(V), set[int]()
    for number, place, sure in points:
        if not 0 <= number - first < V:
            raise InputError(
                "joint_range",
                f"expected joints {first} to {first + V - 1}, got {number}: set the parameter topology to the joint set"
                " of your tracker",
            )
        if number in seen:
            raise InputError(
                "duplicate_joint", f"expected every joint once a person, got {number} twice: correct the publisher"
            )
        seen.add(number)
        joints[number - first], confidence[number - first] = place, sure
    return joints, np.nan_to_num(confidence)
