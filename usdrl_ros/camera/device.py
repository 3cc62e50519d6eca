"""A camera of this machine, or a video, read by OpenCV on a thread of its own."""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FRAME = "camera_optical_frame"
"""Frame of pictures of a device, where none is set."""
AGAIN = 1.0
"""Seconds between two attempts to open a camera that has gone."""
OTHERWISE = "or start the driver of a camera and set image_topic instead of device"


class Device:
    """Reads pictures until ``close``; a camera that is unplugged is opened again when it is back.

    Args:
        name: a number, a path of a camera, or the path of a video.
        width: asked of a camera, pixels; 0: its own.
        height: likewise.
        take: called with every picture, (H, W, 3) uint8: blue, green, red.
        failed: called when there are no pictures any more, until there are.
        ended: called at the end of a video.

    Raises:
        FileNotFoundError: there is none of this name; ValueError: it gives no pictures; the message says what to do.
        ModuleNotFoundError: OpenCV is not installed.
    """

    def __init__(
        self,
        name: str,
        width: int,
        height: int,
        take: Callable[[np.ndarray], object],
        failed: Callable[[Exception], object],
        ended: Callable[[], object],
    ) -> None:
        self._size = (width, height)
        self._take, self._failed, self._ended = take, failed, ended
        self.path = find_device(name)
        """Of the camera or video."""
        self._camera = _is_camera(self.path)
        self._capture, first = self._open()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(first,), name="device", daemon=True)
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Release the camera; a driver that hangs is left alone after ``timeout`` seconds."""
        self._closing.set()
        self._thread.join(timeout)

    def _open(self) -> tuple[Any, np.ndarray]:
        find_device(str(self.path))
        if not os.access(self.path, os.R_OK):
            raise ValueError(
                f"device: {self.path} may not be read: join the group of cameras (sudo usermod -aG video $USER, then"
                " log in again)"
            )
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet: what it would print is said below
        import cv2  # not everybody who has a camera's topic has OpenCV

        # The same of OpenCV itself; 4.13 moved the function.
        (getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel)(0)
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_V4L2 if self._camera else cv2.CAP_ANY)
        for key, value in zip((cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT), self._size, strict=True):
            if value and self._camera:
                capture.set(key, value)
        first = _next(capture) if capture.isOpened() else None
        if first is None:
            capture.release()
            if not self._camera:
                raise ValueError(f"device: {self.path} is neither a camera nor a video that OpenCV can read")
            raise ValueError(
                f"device: {self.path} gives no picture: another program may be using it (fuser -v {self.path}), or it"
                f" is no camera but what belongs to one; {_there()}, {OTHERWISE}"
            )
        return capture, first

    def _run(self, first: np.ndarray) -> None:
        import cv2

        interval = 0.0 if self._camera else 1.0 / max(self._capture.get(cv2.CAP_PROP_FPS), 1.0)
        begun, count, picture = time.monotonic(), 0, first
        while not self._closing.wait(max(0.0, begun + count * interval - time.monotonic()) if interval else 0.0):
            self._take(picture)
            count += 1
            following = _next(self._capture)
            if following is None and self._closing.is_set():  # nobody waits for what it says any more
                break
            if following is None and not self._camera:
                self._ended()
                break
            picture = self._reopened() if following is None else following
        self._capture.release()

    def _reopened(self) -> np.ndarray:
        """The first picture of the camera when it is back; whatever picture when the device is closed."""
        self._capture.release()
        self._failed(ValueError(f"{self.path} has stopped: waiting for it"))
        while not self._closing.wait(AGAIN):
            try:
                self._capture, first = self._open()
                return first
            except (OSError, ValueError) as error:
                self._failed(error)
        return np.zeros((1, 1, 3), np.uint8)


def _next(capture: Any) -> np.ndarray | None:
    """(H, W, 3) uint8; None where there is no further picture, or OpenCV cannot read what comes."""
    import cv2

    try:
        good, picture = capture.read()
    except cv2.error:
        return None
    return picture if good else None


def find_device(name: str) -> Path:
    """The path of a camera or video.

    Args:
        name: a number, or a path.

    Raises:
        FileNotFoundError: there is none; the message says what to do.
    """
    path = Path(f"/dev/video{name}" if re.fullmatch("[0-9]{1,3}", name) else name)
    if not path.exists():
        raise FileNotFoundError(f"device: there is no {path}: {_there()}, {OTHERWISE}")
    return path


def _is_camera(path: Path) -> bool:
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return str(path).startswith("/dev/")


def _there() -> str:
    """Which cameras there are instead."""
    found = sorted(str(path) for path in Path("/dev").glob("video*"))
    return f"there are {', '.join(found)}" if found else "no camera is connected (in a container: --device /dev/video0)"
