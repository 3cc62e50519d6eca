"""The services ``~/reset``, ``~/enable`` and ``~/list_labels``."""

from __future__ import annotations

import json
from typing import Protocol

from rclpy.lifecycle import TransitionCallbackReturn
from std_srvs.srv import SetBool, Trigger

from usdrl_ros.node.pipeline import Pipeline

SUCCESS = TransitionCallbackReturn.SUCCESS


class Managed(Protocol):
    """The part of the node that services need."""

    @property
    def pipeline(self) -> Pipeline | None:
        """None while the node is not configured."""

    @property
    def active(self) -> bool:
        """It listens to its source."""

    def start(self) -> bool:
        """Configure, unless it is, and activate; False if either fails."""

    def trigger_deactivate(self) -> TransitionCallbackReturn:
        """As of every lifecycle node."""


def reset(node: Managed, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
    """End all tracks and actions; at once, in every state."""
    pipeline = node.pipeline
    if pipeline is None:
        response.message = "nothing to reset: the node is not configured"
    else:
        pipeline.worker.reset()
        response.message = "all tracks and actions are reset"
    response.success = True
    return response


def enable(node: Managed, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
    """Activate or deactivate, without a lifecycle manager, as trackers have it; it is no error if it is so already."""
    wanted = bool(request.data)
    if node.active != wanted:
        done = node.start() if wanted else node.trigger_deactivate() == SUCCESS
        if not done:
            response.message = f"cannot be {'enabled' if wanted else 'disabled'} now: the log says why"
            return response
    response.success = True
    response.message = "enabled" if wanted else "disabled: the weights stay loaded, latched topics have no people"
    return response


def list_labels(node: Managed, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
    """The labels of the weights and of enrolled gestures, as JSON."""
    pipeline = node.pipeline
    response.success = pipeline is not None
    response.message = (
        "no weights are loaded: configure the node first" if pipeline is None else json.dumps(pipeline.model.known())
    )
    return response
