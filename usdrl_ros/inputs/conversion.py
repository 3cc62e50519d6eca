"""From a serialised message to people in canonical axes: the same for the live node and for a recorded bag."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from usdrl_model.errors.shown import NAME, cut, showable, shown
from usdrl_model.plausibility.sights import Levelling, Setup
from usdrl_model.skeleton.person import UNITS, SkeletonFrame
from usdrl_model.skeleton.topology import topology as find_topology
from usdrl_ros.inputs import lifting, robot_skeleton
from usdrl_ros.inputs.adapter import Adapter, Context, Decode
from usdrl_ros.inputs.common import InputError, SourceFrame, check_confidence, check_people, frame_name
from usdrl_ros.inputs.coordinate_frames import NO_POSE, Frames, needs_tf
from usdrl_ros.inputs.further_topics import FurtherTopics, Heard
from usdrl_ros.inputs.imu import TOPIC_TYPE, Imu
from usdrl_ros.inputs.registry import Input
from usdrl_ros.inputs.robot_skeleton import RobotSkeleton
from usdrl_ros.inputs.source_config import SourceConfig


@dataclass(kw_only=True, slots=True)
class Conversion:
    """Serialised messages of one source -> frames."""

    deserialise: Callable[[bytes], Any]
    """Bytes -> message; may raise InputError."""
    decode: Decode
    """Of an adapter, see ``Adapter.decoder``."""
    context: Context
    """For the adapter; ``arrival`` is that of each message."""
    frames: Frames
    robot: RobotSkeleton | None = None
    """The robot's own body, which joins the people."""
    _frame_id: str = field(default="", init=False)
    """The frame in which people were last; before that, of the first message that names one."""

    def __call__(
        self, data: bytes | Heard, arrival: float, patience: float = 0.0
    ) -> tuple[SourceFrame, SkeletonFrame] | None:
        """The people of a message as sent, and in canonical axes; None for a message without people and stamp.

        Args:
            data: CDR, or a message of a further topic.
            arrival: seconds, by the clock of the node, or of the recording.
            patience: seconds to wait for transforms, all together.

        Raises:
            InputError: the message cannot be understood; ``adapter``: the adapter fails on it.
        """
        until = time.monotonic() + patience
        deserialise, decode = self.deserialise, self.decode
        if isinstance(data, Heard):
            deserialise, decode, data = data.route.deserialise, data.route.decode, data.data
        message = deserialise(data)
        try:
            source = decode(message, replace(self.context, arrival=arrival, patience=patience))
            if source is None:
                return None
            _check(source, len(self.context.topology.joints))
        except InputError:
            raise
        except Exception as error:  # adapters of others may raise anything
            raise InputError(
                "adapter", f"expected people from the input adapter, got {type(error).__name__}: {error}: update it"
            ) from error
        if source.frame.people or not self._frame_id:
            self._frame_id = source.frame_id or frame_name(self.context.frame_id)
        source = replace(source, frame_id=self._frame_id)  # a message without people is often in no frame, or another
        frame = self.frames.to_canonical(source, max(0.0, until - time.monotonic()))
        if self.robot is not None:
            frame = replace(frame, robot=self.robot(source, arrival, max(0.0, until - time.monotonic())))
        return source, frame


def _check(source: SourceFrame, V: int) -> None:
    """Check what an adapter made of a message, because ids and positions are published.

    Raises:
        InputError: ``too_many_people``, ``person_id``, ``duplicate_person``, ``field_value``.
        ValueError: joints or confidence of another shape.
    """
    check_people(len(source.frame.people))
    seen: set[str] = set()
    for person in source.frame.people:
        if not isinstance(person.id, str) or not person.id or not showable(person.id):
            raise InputError(
                "person_id",
                f"expected an id of 1 to {NAME} printable characters, got {shown(person.id)}: correct the publisher",
            )
        if person.id in seen:
            raise InputError(
                "duplicate_person",
                f"expected every person once in a message, got {person.id} twice: people need different ids",
            )
        seen.add(person.id)
        if np.shape(person.joints) != (V, 3):
            raise ValueError(f"joints of shape {np.shape(person.joints)} instead of {(V, 3)}")
        if person.confidence is not None and np.shape(person.confidence) != (V,):
            raise ValueError(f"confidence of shape {np.shape(person.confidence)} instead of {(V,)}")
        if person.confidence is not None:
            check_confidence(person.confidence)


def described(source: Input, config: SourceConfig) -> Setup:
    """The configuration of a source, for the content check.

    Raises:
        ValueError: unknown topology, or a damaged topology file.
    """
    joint_set = find_topology(config.topology)
    return Setup(
        topology=joint_set,
        axes=source.adapter.axes or config.axes,
        metres=UNITS[source.adapter.units or config.units],
        mirrored=config.mirrored,
        order=joint_set.order(config.mirrored),
        levelled_by=levelled_by(config),
        pose=tuple(config.sensor_pose),
        own=frozenset(name for name in ("units", "axes") if getattr(source.adapter, name)),
        named=source.adapter.named,
        planar=is_flat(source.adapter, config),
        depth_topic=cut(config.depth_topic, NAME) if source.adapter.plane else "",
    )


def is_flat(adapter: Adapter, config: SourceConfig) -> bool:
    """Whether the joints stay in the picture, without depth."""
    return bool(adapter.plane) and not config.depth_topic


def converter(
    source: Input,
    config: SourceConfig,
    *,
    deserialise: Callable[[bytes], Any],
    tf: Any,
    description: Setup,
    warn: Callable[[str, str], None],
    topics: FurtherTopics,
    topic: str,
    options: Mapping[str, Any],
) -> Conversion:
    """The conversion of a source, live or recorded.

    Args:
        source: its adapter.
        config: how it is described.
        deserialise: of ``Conversion``.
        tf: a tf2 buffer, or None.
        description: of ``described``.
        warn: of ``Context``.
        topics: takes what the adapter wants to read besides.
        topic: resolved name of the main topic.
        options: values of the parameters of the adapter, by name.

    Raises:
        ValueError: parameters that do not fit each other, or an adapter that cannot be used with them.
    """
    if is_flat(source.adapter, config) and levelled_by(config):
        raise ValueError(
            f"input_type {source.name}: its joints are in the picture, which nobody can level without depth: leave"
            " target_frame, sensor_pose and imu_topic out, or set depth_topic"
        )
    imu = None
    if config.imu_topic:
        imu = Imu(config.imu_rotation)
        topics.subscribe(config.imu_topic, TOPIC_TYPE, imu.hear)
    frames = Frames(
        description.axes,
        target_frame=config.target_frame,
        sensor_pose=config.sensor_pose,
        tf=tf,
        units=source.adapter.units or config.units,
        imu=imu,
        order=description.order,
    )
    if source.adapter.tf and tf is None:
        raise ValueError(f"input_type {source.name}: looks up transforms, which needs tf2_ros: install it")
    context = Context(
        topology=description.topology,
        person_id=config.person_id,
        ids=config.ids,
        frame_id=config.frame_id,
        topic=topic,
        file=config.input_file,
        options=options,
        subscribe=topics.subscribe,
        tf=tf,
        warn=warn,
    )
    robot = None
    if config.robot_skeleton:
        robot = RobotSkeleton(robot_skeleton.read(config.robot_skeleton), frames, tf, warn, topics.subscribe)
    return Conversion(
        deserialise=deserialise,
        decode=lifting.decoder(
            source.name,
            source.adapter,
            context,
            config.depth_topic,
            config.camera_info_topic,
            config.picture_size,
        ),
        context=context,
        frames=frames,
        robot=robot,
    )


def levelled_by(config: SourceConfig) -> Levelling:
    """From where the gravity-aligned axes follow; empty: the sensor is assumed to be level."""
    if config.imu_topic:
        return "imu"
    if needs_tf(config.target_frame, config.sensor_pose):
        return "target_frame"
    return "" if tuple(config.sensor_pose) == NO_POSE else "sensor_pose"
