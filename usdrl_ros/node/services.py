"""The services ``~/reset``, ``~/enable`` and ``~/list_labels``."""

from __future__ import annotations

import json
from typing import Protocol

from rclpy.lifecycle import TransitionCallbackReturn
from std_srvs.srv import SetBool, Trigger

from usdrl_ros.node.pipeline import Pipeline
from usdrl_ros.node.switch import Switch


class Managed(Protocol):
    """The part of the node that services need."""

    switch: Switch

    @property
    def pipeline(self) -> Pipeline | None:
        """None while the node is not configured."""

    @property
    def loading(self) -> bool:
        """Weights are being loaded, or are about to be."""

    @property
    def active(self) -> bool:
        """It listens to its source."""

    def start(self) -> bool:
        """Configure and activate, as far as it is not so already and nobody disables it; False if either fails."""

    def trigger_deactivate(self) -> TransitionCallbackReturn:
        """As of every lifecycle node."""


def no_weights(node: Managed) -> str:
    """Why there is nothing that could answer yet, and what to do."""
    if node.loading:
        return "the weights are still being loaded: try again in some seconds"
    return "no weights are loaded: configure the node first"


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
    if request.data:
        node.switch.off = False
        if node.loading and node.switch.starts:
            response.success, response.message = True, "enabled: the weights are being loaded, then it listens"
            return response
        response.success = node.active or node.start()
        response.message = "enabled" if response.success else "cannot be enabled now: the log says why"
        return response
    with node.switch.lock:
        node.switch.off = True
        if node.active:
            node.trigger_deactivate()
        response.success = not node.active
    if not response.success:
        response.message = "cannot be disabled now: the log says why"
    elif node.pipeline is None:
        response.message = "disabled: no weights are loaded, and a start that is under way ends before it listens"
    else:
        response.message = "disabled: the weights stay loaded, latched topics have no people"
    return response


def list_labels(node: Managed, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
    """The labels of the weights, of those of pairs, and of enrolled gestures, as JSON."""
    pipeline = node.pipeline
    response.success = pipeline is not None
    response.message = no_weights(node) if pipeline is None else json.dumps(pipeline.model.known())
    return response
