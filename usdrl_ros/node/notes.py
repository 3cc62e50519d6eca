"""What a configured node tells of itself once: lines for the log, and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from usdrl_model.terms import for_products
from usdrl_ros.inputs.conversion import is_flat
from usdrl_ros.inputs.registry import Input
from usdrl_ros.parameters.values import PerceptionConfig

if TYPE_CHECKING:
    from usdrl_model.checkpoints.loaded_detector import LoadedDetector
    from usdrl_model.online.live_enrolment import LiveEnrolment
    from usdrl_model.online.stream import ActionStream


def lines(
    config: PerceptionConfig, model: Mapping[str, str], labels: Iterable[str], enrolment: LiveEnrolment | None
) -> Iterator[str]:
    """What runs.

    Args:
        config: of the node.
        model: ``ActionStream.describe()``.
        labels: of the weights and of the pair weights.
        enrolment: of gestures; None without a folder.
    """
    yield (
        f"weights {model['weights']} ({model['hash']}) on {model['device']}, {model['precision']}, {model['runtime']};"
        f" labels: {', '.join(labels)}"
    )
    if "pair_weights" in model:
        yield f"pairs of people are told by the weights {model['pair_weights']}"
    if enrolment is not None:
        known = ", ".join(enrolment.labels) or "none yet"
        yield f"gestures are told by the weights {enrolment.weights.name}; in {config.gestures}: {known}"


def terms(stream: ActionStream) -> str:
    """What the terms of all weights that run allow."""
    from usdrl_model.online.pretrained import beside  # an unconfigured node does not need it
    from usdrl_model.training.permission import in_words

    running = {one.name: in_words(one.config.provenance) for one in (stream.weights, *beside(stream).values())}
    return f"terms of the weights: {'; '.join(f'{name}: {told}' for name, told in running.items())}"


def about_depth(source: Input, config: PerceptionConfig, model: Mapping[str, str]) -> str:
    """What to tell of joints or weights without depth; ValueError where the weights need what the joints have not."""
    if is_flat(source.adapter, config):
        if model.get("joints") != "in a picture":
            raise ValueError(
                f"input_type {source.name}: its joints are in the picture, and weights {model['weights']} need joints"
                " in space: set weights to some that need no depth (hri_2d), or depth_topic and camera_info_topic"
            )
        return "joints are in a picture, without depth: positions of people, and what follows from them, are withheld"
    if model.get("joints") == "in a picture":
        return (
            f"weights {model['weights']} need no depth: people are shown to them as in a picture; their positions are"
            " published as usual"
        )
    return ""


def warnings(config: PerceptionConfig, model: Mapping[str, str], stream: ActionStream) -> Iterator[str]:
    """What is slower, tells less or allows less than it could, and settings without an effect; arguments as above."""
    from usdrl_model.online.pretrained import beside  # an unconfigured node does not need it

    if "advice" in model:
        yield model["advice"]
    if model.get("centre") == "window" and not config.target_frame:
        yield (
            f"weights {model['weights']} use the paths of people, which are in the frame of the sensor: if the robot"
            " moves, they include its own motion; set target_frame to a fixed frame (odom, map)"
        )
    if config.gesture_weights and not config.gestures:
        yield "gesture_weights: no gestures to tell with them: set gestures to a folder"
    if any(config.imu_rotation) and not config.imu_topic:
        yield "imu_rotation: no IMU that is turned so: set imu_topic to the topic of one"
    if config.robot_skeleton and model.get("people") == "1" and not stream.pair_labels:
        yield (
            f"robot_skeleton: the weights {model['weights']} look at one person, so that nothing between people and the"
            " robot is told: set pair_weights"
        )
    if model.get("people") == "2":
        yield (
            f"weights {model['weights']} look at two people, so that of somebody alone no action is told: set weights"
            f" to those of one person, and pair_weights to {model['weights']}"
        )
    if others := beside(stream):
        yield from _about_terms(stream.weights, others)


def _about_terms(first: LoadedDetector, others: Mapping[str, LoadedDetector]) -> Iterator[str]:
    """Weights that no product may hold, beside first ones that one may."""
    from usdrl_model.training.permission import kinds_of  # what one person does needs no terms of others

    if not for_products(kinds_of(first.config.provenance)):
        return
    for name, weights in others.items():
        if not for_products(kinds := kinds_of(weights.config.provenance)):
            yield (
                f"{name}: the data of {weights.name} allow no use in a product ({', '.join(kinds)}), those of"
                f" {first.name} do: usdrl list weights has the terms of all"
            )
