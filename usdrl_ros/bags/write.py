"""Recordings of any data set -> labelled bags, which can be played to the node.

::

    for recording in Store.open("stores").select(sets=["sbu"]).recordings():
        write_recording(replayable(recording), folder / bag_name(recording.name))
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from rclpy.serialization import serialize_message

from usdrl_model.data.importers.arrays import EPOCH
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.person import SkeletonFrame, judge
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import Truth, save_truth
from usdrl_ros.bags.new_bag import BagWriter, appearing
from usdrl_ros.inputs.coordinate_frames import NO_POSE
from usdrl_ros.inputs.skeleton_messages import BUILDERS, header, in_axes, is_track_id

DEFAULT_TOPIC = "/skeletons"
DEFAULT_TYPE = "sensor_msgs/msg/PointCloud2"
DEFAULT_FRAME = "kinect"
DEFAULT_AXES = "kinect"


def write_recording(
    recording: Recording,
    path: str | Path,
    *,
    storage: str = "mcap",
    topic: str = DEFAULT_TOPIC,
    message_type: str = DEFAULT_TYPE,
    frame_id: str = DEFAULT_FRAME,
    axes: str = DEFAULT_AXES,
) -> None:
    """Write a recording as a new labelled bag, whole or not at all.

    Every frame becomes one message with its stamp as header stamp and as time of recording.

    Args:
        recording: what to write.
        path: folder to create.
        storage: ``mcap`` or ``sqlite3``.
        topic: topic of the messages.
        message_type: a key of ``skeleton_messages.BUILDERS``.
        frame_id: frame of the headers.
        axes: axes of the points, a key of ``person.AXES``; ``kinect`` are the canonical ones.

    Raises:
        BagError: the folder exists already, or an argument is unknown.
        ValueError: the message type cannot hold the recording's people, or these are in a picture.
    """
    if message_type not in BUILDERS:
        raise BagError(f"message type {message_type!r}: expected one of {', '.join(BUILDERS)}")
    if recording.flat:  # no message here says that depth is unknown: they would be read as people in space
        raise ValueError(
            f"{recording.name}: its joints are in a picture, which {message_type} cannot say: choose recordings"
            " of joints in space"
        )
    build = BUILDERS[message_type]
    x, y, z = sensor = recording.sensor
    truth = Truth(
        topic=topic,
        topology=recording.topology,
        axes=axes,
        labels=recording.labels,
        segments=recording.segments,
        sensor_pose=(z, x, y, *NO_POSE[3:]),
    )
    with appearing(Path(path)) as part:
        with BagWriter(part, storage) as bag:
            bag.add_topic(topic, message_type)
            for frame in recording.frames:
                message = build(in_axes(_seen_from(frame, sensor), axes), header(frame.stamp, frame_id))
                bag.write(topic, round(frame.stamp * 1e9), serialize_message(message))
        save_truth(truth, part)


def _seen_from(frame: SkeletonFrame, sensor: tuple[float, float, float]) -> SkeletonFrame:
    """The people relative to the sensor, as a tracker sends them; ``sensor_pose`` puts them back."""
    if not any(sensor):
        return frame
    # Judged first: once they are moved, zeros do not mean "missing" any more.
    people = tuple(replace(one, joints=one.joints - np.array(sensor)) for one in map(judge, frame.people))
    return replace(frame, people=people, sensor=(0.0, 0.0, 0.0))


def bag_name(recording: str) -> str:
    """Name of a bag's folder: characters of the recording's name other than letters, digits, - and dots become "_".

    >>> bag_name("anna/take 1")
    'anna_take_1'
    """
    return re.sub(r"[^\w.-]", "_", recording).lstrip(".") or "_"


def replayable(recording: Recording) -> Recording:
    """Change a recording so that messages and ``labels.yaml`` can represent it.

    - If an id is not a number, or too large, all people are numbered from 1 in the order of appearance.
    - The label of a clip without segments becomes one of every person, from their first to their last frame.
    - Stamps that start at 0 or before are shifted so that the first is 1 s: in ROS, 0 means "no time".
    - Segments of the background, and its label, are left out; ``AMBIGUOUS`` ones stay, and are none of the labels.
    """
    seen: dict[str, list[float]] = {}
    for frame in recording.frames:
        for person in frame.people:
            seen.setdefault(person.id, []).append(frame.stamp)
    segments = recording.segments
    if (label := recording.whole_label) is not None:
        segments = tuple(Segment(who, label, stamps[0], stamps[-1]) for who, stamps in seen.items())
    ids = {who: str(number) for number, who in enumerate(seen, start=1)} if not all(map(is_track_id, seen)) else {}
    first = recording.frames[0].stamp if recording.frames else EPOCH
    shift = 0.0 if first > 0.0 else EPOCH - first
    labels = dict.fromkeys([*recording.labels, *(segment.label for segment in segments)])
    for no_action in (BACKGROUND_LABEL, AMBIGUOUS):
        labels.pop(no_action, None)
    return replace(
        recording,
        frames=tuple(
            replace(
                frame,
                stamp=frame.stamp + shift,
                people=tuple(replace(person, id=ids.get(person.id, person.id)) for person in frame.people),
            )
            for frame in recording.frames
        ),
        segments=tuple(
            Segment(ids.get(one.person, one.person), one.label, one.start + shift, one.end + shift)
            for one in segments
            if one.label != BACKGROUND_LABEL
        ),
        labels=tuple(labels),
    )
