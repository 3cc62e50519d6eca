"""Poses by MediaPipe's pose landmarker: 33 joints, several people. The only module that knows MediaPipe.

Its wheels up to 0.10.21 bring the models of its older interface, which finds one person. The newer interface finds
several, and takes the same models once they say how pixels are scaled: ``_bundled`` tells it.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from usdrl_ros.camera.estimator import Pose

INCLUDED = {
    # Name in the bundle: (path in the wheel, mean and deviation by which its pixels are scaled)
    "pose_detector.tflite": ("modules/pose_detection/pose_detection.tflite", 127.5, 127.5),
    "pose_landmarks_detector.tflite": ("modules/pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
}
LAST_WITH_MODELS = "0.10.21"
"""Release of mediapipe; later ones have no models in their wheels, and Python 3.13 has only those."""
LARGEST_MODEL = 2**27
"""Bytes; the largest of MediaPipe's has 2**25."""


class MediaPipePose:
    """The pose landmarker, following people from picture to picture.

    Args:
        model: path of a ``pose_landmarker.task``; empty: the model that mediapipe brings.
        people: searched for in a picture.
        confidence: from which on something is a person.

    Raises:
        ModuleNotFoundError: mediapipe is not installed.
        FileNotFoundError: there is no such model. ValueError: it is none, or this mediapipe brings none.
    """

    topology = "mediapipe_33"

    def __init__(self, model: str, people: int, confidence: float) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe: Any = mediapipe
        content = _read(Path(model)) if model else _bundled(mediapipe)
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=content),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=people,
            min_pose_detection_confidence=confidence,
            min_pose_presence_confidence=confidence,
            min_tracking_confidence=confidence,
        )
        try:
            self._landmarker: Any = vision.PoseLandmarker.create_from_options(options)
        except Exception as error:  # of several kinds, by release
            raise ValueError(f"model: {model or 'of mediapipe'} cannot be loaded: {_first_line(error)}") from error
        self._stamp: float | None = None
        self._milliseconds = 0

    def poses(self, picture: np.ndarray, stamp: float) -> list[Pose]:
        """As ``Estimator.poses``."""
        # Its clock must rise, whatever the source's does.
        passed = 0.0 if self._stamp is None else stamp - self._stamp
        self._stamp = stamp
        self._milliseconds += max(1, round(min(passed, 60.0) * 1000))
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=picture)
        found = self._landmarker.detect_for_video(image, self._milliseconds)
        size = np.array([picture.shape[1], picture.shape[0]])
        return [
            Pose(
                pixels=np.array([(joint.x, joint.y) for joint in in_picture]) * size,
                metres=np.array([(joint.x, joint.y, joint.z) for joint in in_space]),
                confidence=np.array([min(joint.visibility or 0.0, joint.presence or 0.0) for joint in in_picture]),
            )
            for in_picture, in_space in zip(found.pose_landmarks, found.pose_world_landmarks, strict=True)
        ]

    def close(self) -> None:
        """As ``Estimator.close``."""
        self._landmarker.close()


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"model: there is no file {path}: give the path of a pose_landmarker.task")
    if path.stat().st_size > LARGEST_MODEL:
        raise ValueError(f"model: {path} has more than {LARGEST_MODEL} bytes: it cannot be a pose_landmarker.task")
    return path.read_bytes()


def _bundled(mediapipe: Any) -> bytes:
    """The models of the wheel as a ``pose_landmarker.task``: a zip of models that say how their pixels are scaled."""
    root = Path(mediapipe.__file__).parent
    if not all((root / path).is_file() for path, _, _ in INCLUDED.values()):
        older = f", or pip install mediapipe=={LAST_WITH_MODELS}" if tuple(sys.version_info) < (3, 13) else ""
        raise ValueError(
            f"model: mediapipe {mediapipe.__version__} brings no model: set it to the path of a pose_landmarker.task"
            f" (docs/camera.md){older}"
        )
    from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:  # stored: the library maps the members into memory
        for name, (path, mean, deviation) in INCLUDED.items():
            writer = MetadataWriter.create(bytearray((root / path).read_bytes()))
            writer.add_image_input([mean] * 3, [deviation] * 3)
            bundle.writestr(name, bytes(writer.populate()[0]))
    return packed.getvalue()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
