"""Settings as they can be tried on what was heard, and what is wrong with them whatever comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from usdrl_model.checkpoints import config_file, shipped
from usdrl_model.checkpoints.loaded_detector import config_of
from usdrl_model.errors.shown import NAME, cut
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_ros.inputs.conversion import is_flat, levelled_by
from usdrl_ros.inputs.registry import Input
from usdrl_ros.parameters.values import PerceptionConfig

IN_A_PICTURE = "hri_2d"
"""Shipped weights that need no depth."""


def tried(source: Input, config: PerceptionConfig, tf: Any) -> tuple[PerceptionConfig, list[Finding]]:
    """The settings without what cannot be looked at here, and what to tell of them.

    Args:
        source: the adapter.
        config: settings.
        tf: a tf2 buffer, or None.
    """
    told = _weights(source, config)
    if config.imu_topic:
        text = f"gravity of {cut(config.imu_topic, NAME)} is not looked at: people are judged as sensor_pose has it"
        told.append(Finding("imu", Level.NOTE, text))
        config = replace(config, imu_topic="")
    config = replace(config, robot_skeleton="")  # the people are looked at
    if levelled_by(config) == "target_frame" and tf is None:
        text = f"target_frame {config.target_frame} needs tf2_ros, which is not installed here: install it, or set"
        told.append(Finding("tf", Level.ERROR, f"{text} sensor_pose"))
        config = replace(config, target_frame="")
    return config, told


def _weights(source: Input, config: PerceptionConfig) -> list[Finding]:
    """Weights that need depth, of joints in a picture: with them the node does not start."""
    if not is_flat(source.adapter, config) or not (config.camera_info_topic or any(config.picture_size)):
        return []
    try:
        folder = shipped.place(config.weights, "detector")
        file = folder / config_file.NAME
        encoder = config_of(config_file.read_text(file), str(file)).detector.encoder
    except (OSError, ValueError):  # an ONNX file, or none: the node says it
        return []
    if encoder.flat:
        return []
    text = (
        f"input_type {source.name}: its joints are in the picture, and weights {cut(folder.name, NAME)} need joints in"
        f" space, so that the node does not start: set weights: {IN_A_PICTURE}, or depth_topic and camera_info_topic"
    )
    return [Finding("weights", Level.ERROR, text, ("weights", IN_A_PICTURE))]
