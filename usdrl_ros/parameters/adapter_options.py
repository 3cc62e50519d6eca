"""Parameters of the input adapter on the node: ``input.<name>``, declared when the node is configured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from usdrl_ros.inputs.options import PREFIX, Option, values
from usdrl_ros.parameters.values import FIXED


def declare(node: Node, options: Iterable[Option], *, given: bool) -> dict[str, Any]:
    """Declare the options of an adapter; name -> value, as the node was started with it or was told since.

    Args:
        node: has the parameters.
        options: of the adapter.
        given: what the node was started with is for this adapter. False: for another one, so that it says nothing here.

    Raises:
        ValueError: a given name or value that the adapter does not have or allow.
    """
    known = {option.name: option for option in options}
    if given:
        overrides = node._parameter_overrides.items()  # rclpy has no public access to them
        values(known.values(), {name[len(PREFIX) :]: one.value for name, one in overrides if name.startswith(PREFIX)})
    for name in node.get_parameters_by_prefix(PREFIX.rstrip(".")):
        if name not in known or known[name].text != node.describe_parameter(PREFIX + name).description:
            node.undeclare_parameter(PREFIX + name)  # of the adapter before
    for name, option in known.items():
        if not node.has_parameter(PREFIX + name):
            descriptor = ParameterDescriptor(
                description=option.text,
                additional_constraints=f"allowed: {option.allowed}",
                dynamic_typing=True,  # a number may be given as a whole one; ``values`` checks
            )
            node.declare_parameter(PREFIX + name, option.default, descriptor, ignore_override=not given)
    return values(known.values(), {name: node.get_parameter(PREFIX + name).value for name in known})


def check_unchanged(node: Node, changes: Iterable[Parameter]) -> None:
    """Refuse options that a configured node cannot change.

    Raises:
        ValueError: the message says how to change them.
    """
    for parameter in changes:
        if parameter.name.startswith(PREFIX) and node.has_parameter(parameter.name):
            raise ValueError(f"{parameter.name}: {FIXED}")
