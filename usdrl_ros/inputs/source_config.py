"""How a source is described: by the parameters of the node, or by the labels of a bag."""

from __future__ import annotations

from dataclasses import dataclass

from usdrl_ros.inputs.coordinate_frames import NO_POSE


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConfig:
    """What adapters and frames need to know; ``parameters.declarations`` has the meaning of every field."""

    topology: str
    axes: str
    units: str = "m"
    mirrored: bool = False
    target_frame: str = ""
    sensor_pose: tuple[float, ...] = NO_POSE
    imu_topic: str = ""
    imu_rotation: tuple[float, ...] = (0.0, 0.0, 0.0)
    person_id: str = "0"
    ids: str = "source"
    frame_id: str = ""
    input_file: str = ""
    depth_topic: str = ""
    camera_info_topic: str = ""
    picture_size: tuple[float, ...] = (0.0, 0.0)
    robot_skeleton: str = ""
