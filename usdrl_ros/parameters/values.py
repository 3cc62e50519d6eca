"""Values of the perception node's parameters: declare them on the node, read them, check them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import NAME, check_name, showable, shown
from usdrl_model.events.config import StreamConfig
from usdrl_model.gestures.gesture import check_label
from usdrl_model.states.config import DELAYS, StatesConfig
from usdrl_model.states.person import STATES
from usdrl_ros.inputs.source_config import SourceConfig
from usdrl_ros.parameters.declaration import RECOMMENDED, Declaration, allowed, check
from usdrl_ros.parameters.declarations import PARAMETERS

FIXED = (
    "cannot change while the node is configured: deactivate it and clean it up, set the parameter, configure"
    " and activate"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PerceptionConfig(SourceConfig):
    """The values of all parameters; see ``PARAMETERS`` for their meaning."""

    topic: str
    input_type: str
    transform_timeout: float
    weights: str
    pair_weights: str
    device: str
    precision: str
    cuda_graphs: bool
    num_threads: int
    autostart: bool
    heartbeat_rate: float
    source_timeout: float
    gestures: str
    gesture_weights: str
    enrol_label: str
    enrol_person: str
    watch: tuple[str, ...]
    hri_rules: str
    max_rate: float
    max_people: int
    look_ahead: float
    on_threshold: float
    off_threshold: float
    min_duration: float
    hold: float
    refractory: float
    floor: str
    near: float
    facing_angle: float
    state_delay: float

    def states_config(self) -> StatesConfig:
        """The settings of the states by geometry."""
        usual = StatesConfig()
        return StatesConfig(
            ground=0.0 if self.floor == "zero" else None,
            near=(self.near, round(self.near + usual.near[1] - usual.near[0], 3)),
            facing=(self.facing_angle, self.facing_angle + usual.facing[1] - usual.facing[0]),
            **{name: self.state_delay * getattr(usual, name) for name in DELAYS},
        )

    def stream_config(self, recommended: StreamConfig) -> StreamConfig:
        """The recommended settings with the parameters that were set; a set value applies to every label.

        Raises:
            ValueError: off_threshold above on_threshold, once the recommended values are known.
        """
        events: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("on_threshold", "off_threshold", "min_duration", "hold", "refractory")
            if getattr(self, name) != RECOMMENDED
        }
        for name in ("on_threshold", "min_duration"):
            if name in events:
                events[f"label_{name}"] = {}
        stream: dict[str, Any] = {
            name: getattr(self, name) for name in ("max_rate", "look_ahead") if getattr(self, name) != RECOMMENDED
        }
        stream["max_people"], stream["ids"] = self.max_people, self.ids
        return dataclasses.replace(recommended, events=dataclasses.replace(recommended.events, **events), **stream)


def declare(node: Node) -> None:
    """Declare every parameter on ``node`` with its range; rclpy refuses wrong types and values out of range."""
    for parameter in PARAMETERS:
        node.declare_parameter(parameter.name, parameter.default, descriptor(parameter))


def read(node: Node, changes: Mapping[str, Any] | None = None) -> PerceptionConfig:
    """The values of ``node``'s parameters with ``changes`` applied.

    Raises:
        ValueError: a value that is not allowed; the message names the allowed ones.
    """
    values = checked(node, PARAMETERS, changes)
    if RECOMMENDED not in (values["on_threshold"], values["off_threshold"]):
        _check_thresholds(values["on_threshold"], values["off_threshold"])
    if label := values["enrol.label"]:
        try:
            check_label(label)  # before somebody makes the gesture
        except ValueError as error:
            raise ValueError(f"enrol.{error}") from None
    check_name(values["person_id"], "person_id")
    if not showable(values["frame_id"]):
        raise ValueError(f"frame_id: expected at most {NAME} printable characters, got {shown(values['frame_id'])}")
    values["watch"] = tuple(dict.fromkeys(label for label in values["watch"] if label))
    for name in ("sensor_pose", "imu_rotation", "picture_size"):
        values[name] = tuple(values[name])
    _check_places(values)
    return PerceptionConfig(**{parameter.field: values[parameter.name] for parameter in PARAMETERS})


def _check_places(values: Mapping[str, Any]) -> None:
    """Refuse a frame of which nobody says where the sensor is in it, and a floor at the height of the sensor."""
    mounted = any(values["sensor_pose"])
    if values["imu_topic"] and values["target_frame"] and not mounted:
        raise ValueError(
            f"imu_topic: it says how the sensor is turned, not where it is in {values['target_frame']}: set sensor_pose"
            " to its x, y and z there (and yaw), or leave target_frame empty"
        )
    if values["floor"] == "zero" and not values["target_frame"] and not mounted:
        raise ValueError(
            "floor: zero is the height 0 of the frame that is published, here that of the sensor: set target_frame, or"
            " the height of the sensor in sensor_pose, or leave floor as it is"
        )


def checked(node: Node, parameters: Sequence[Declaration], changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The values of a node's parameters by name, with ``changes`` applied; errors as ``read``."""
    # ROS reads an empty list as a parameter without a value.
    given = {one.name: node.get_parameter_or(one.name).value for one in parameters}
    found = {one.name: one.default if given[one.name] is None else given[one.name] for one in parameters}
    found.update({name: value for name, value in (changes or {}).items() if name in found})
    for one in parameters:
        check(one, found[one.name])
    return found


def check_dynamic(names: Iterable[str], parameters: Iterable[Declaration] = PARAMETERS) -> None:
    """Refuse parameters that a configured node cannot change.

    Raises:
        ValueError: the message says how to change them.
    """
    for parameter in parameters:
        if parameter.name in names and not parameter.dynamic:
            raise ValueError(f"{parameter.name}: {FIXED}")


def check_loading(before: PerceptionConfig, after: PerceptionConfig) -> None:
    """Refuse changes that the weights have to allow, while they are being loaded and cannot be asked.

    Raises:
        ValueError: the message says when they can be made.
    """
    for parameter in PARAMETERS:
        asked = parameter.dynamic and not parameter.name.startswith("enrol.")
        if asked and getattr(before, parameter.field) != getattr(after, parameter.field):
            raise ValueError(
                f"{parameter.name}: cannot change while the weights are being loaded, which have to allow it: set it"
                " when that is done"
            )


def check_watch(watch: Iterable[str], labels: Iterable[str]) -> None:
    """Refuse what is neither a label, of the weights or of a gesture, nor a state.

    Raises:
        ValueError: the message lists the labels.
    """
    known = [*labels, *STATES]
    for label in watch:
        if label not in known:
            raise ValueError(
                f"watch: expected labels of the weights, gestures or states, got {label!r}{hint(label, known)} Known:"
                f" {', '.join(known)}"
            )


def _check_thresholds(on: float, off: float) -> None:
    if off > on:
        raise ValueError(f"off_threshold: got {off}; allowed: at most on_threshold ({on})")


def descriptor(parameter: Declaration) -> ParameterDescriptor:
    """How ROS describes a parameter."""
    made = ParameterDescriptor(
        description=parameter.text,
        additional_constraints=f"allowed: {allowed(parameter)}",
    )
    if parameter.limits is not None:
        low, high = parameter.limits
        if isinstance(parameter.default, int):
            made.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
        else:
            low = RECOMMENDED if parameter.recommended else low
            made.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    return made
