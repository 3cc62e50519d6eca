"""The parameters of ``usdrl_camera``: declared, read, and their table in docs/camera.md.

::

    python -m usdrl_ros.camera.parameters    # in the root of the repository: writes the table and config/camera.yaml
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node

from usdrl_model.files.markdown import replace_between_markers
from usdrl_ros.parameters.declaration import AUTOSTART, Declaration
from usdrl_ros.parameters.docs import params_file, table
from usdrl_ros.parameters.values import checked, descriptor

PAGE, FILE = Path("docs/camera.md"), Path("config/camera.yaml")
BEGIN, END = "<!-- parameters -->", "<!-- end of parameters -->"
NODE_NAME = "usdrl_camera"

DEVICE = Declaration(
    name="device",
    default="",
    text="Camera of this machine: a number (0 is /dev/video0), a path, or the path of a video. Empty: subscribe to"
    " image_topic.",
)
PARAMETERS: tuple[Declaration, ...] = (
    DEVICE,
    Declaration(
        name="image_topic",
        default="image_raw",
        topic=True,
        text="sensor_msgs/Image of the camera: rgb8, bgr8, rgba8, bgra8 or mono8, best rectified.",
    ),
    Declaration(
        name="camera_info_topic",
        default="camera_info",
        topic=True,
        text="sensor_msgs/CameraInfo of the same camera, for its focal length.",
    ),
    Declaration(
        name="depth_topic",
        default="",
        topic=True,
        text="sensor_msgs/Image with the depth of the same view (16UC1 in mm or 32FC1 in m, registered to the picture),"
        " for the distance of people. Empty: it follows from how large they appear.",
    ),
    Declaration(
        name="field_of_view",
        default=60.0,
        limits=(10.0, 170.0),
        dynamic=True,
        text="Horizontal field of view of the camera (degrees), used until a camera_info comes.",
    ),
    Declaration(name="width", default=640, limits=(0, 7680), text="Width asked of the device (pixels); 0: its own."),
    Declaration(name="height", default=480, limits=(0, 4320), text="Height asked of the device (pixels); 0: its own."),
    Declaration(
        name="frame_id",
        default="",
        text="Frame of the skeletons, with optical axes. Empty: that of the image; with device, camera_optical_frame.",
    ),
    Declaration(
        name="model",
        default="",
        text="Path of a pose_landmarker.task of MediaPipe. Empty: the model in the installed mediapipe.",
    ),
    Declaration(name="max_people", default=4, limits=(1, 10), text="Number of people searched for in a picture."),
    Declaration(
        name="min_confidence",
        default=0.5,
        limits=(0.05, 0.95),
        text="Confidence from which on MediaPipe takes something for a person, and goes on following it.",
    ),
    Declaration(
        name="max_rate",
        default=30.0,
        limits=(1.0, 120.0),
        dynamic=True,
        text="Maximum pictures searched per second of their time (Hz).",
    ),
    AUTOSTART,
)
NAMES = frozenset(parameter.name for parameter in PARAMETERS)


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraConfig:
    """The values of all parameters; see ``PARAMETERS`` for their meaning."""

    device: str
    image_topic: str
    camera_info_topic: str
    depth_topic: str
    field_of_view: float
    width: int
    height: int
    frame_id: str
    model: str
    max_people: int
    min_confidence: float
    max_rate: float
    autostart: bool


def declare(node: Node) -> None:
    """Declare every parameter on ``node`` with its range."""
    for parameter in PARAMETERS:
        described: ParameterDescriptor = descriptor(parameter)
        described.dynamic_typing = parameter is DEVICE  # device:=0 on a command line is a number
        node.declare_parameter(parameter.name, parameter.default, described)


def read(node: Node, changes: Mapping[str, Any] | None = None) -> CameraConfig:
    """The values of ``node``'s parameters with ``changes`` applied.

    Raises:
        ValueError: a value that is not allowed; the message names the allowed ones.
    """
    values = checked(node, PARAMETERS, changes)
    device = values["device"]
    if isinstance(device, bool) or not isinstance(device, int | str):
        raise ValueError(f"device: expected a number, a path or nothing, got {device!r}: 0 is /dev/video0")
    values["device"] = str(device)
    if values["device"] and values["depth_topic"]:
        raise ValueError(
            "depth_topic: a device gives no depth: start the driver of the depth camera and set image_topic instead of"
            " device"
        )
    return CameraConfig(**values)


def page(text: str) -> str:
    """The text of docs/camera.md with the table as it must be."""
    return replace_between_markers(text, BEGIN, END, table(PARAMETERS))


def file() -> str:
    """The text of config/camera.yaml."""
    return params_file(PARAMETERS, NODE_NAME, str(PAGE), f"/**/{NODE_NAME}")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    FILE.write_text(file(), encoding="utf-8")
    print(f"written: {PAGE}, {FILE}")
