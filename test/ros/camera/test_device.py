"""A camera read by OpenCV: what becomes of one that gives no pictures any more. OpenCV is a stand-in here."""

import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from usdrl_ros.camera import device

WAIT = 20.0
"""Seconds after which something never happens."""


class SpoiltError(Exception):
    """What OpenCV raises."""


class Capture:
    """A camera that gives three pictures, and then ``after``."""

    opened: list["Capture"] = []
    after: object = None

    def __init__(self, *_):
        self.left, self.released = 3, False
        self.opened.append(self)

    def read(self):
        self.left -= 1
        if self.left < 0:
            if isinstance(self.after, Exception):
                raise self.after
            return self.after
        return True, np.zeros((4, 4, 3), np.uint8)

    def isOpened(self):  # noqa: N802 (OpenCV's name)
        return True

    def get(self, key):
        return 200.0

    def release(self):
        self.released = True


@pytest.fixture(params=["4.12", "4.13"])
def camera(request, monkeypatch):
    """Opens a stand-in whose reads end so; returns the pictures, the failures and the end."""
    quiet = SimpleNamespace(setLogLevel=lambda level: None)
    versions = {"4.12": vars(quiet), "4.13": {"utils": SimpleNamespace(logging=quiet)}}
    names = ["CAP_V4L2", "CAP_ANY", "CAP_PROP_FRAME_WIDTH", "CAP_PROP_FRAME_HEIGHT", "CAP_PROP_FPS"]
    stand_in = SimpleNamespace(
        error=SpoiltError, VideoCapture=Capture, **versions[request.param], **dict.fromkeys(names, 0)
    )
    monkeypatch.setitem(sys.modules, "cv2", stand_in)
    monkeypatch.setattr(device, "AGAIN", 0.01)
    monkeypatch.setattr(Capture, "opened", [])
    made = []

    def start(name, after):
        monkeypatch.setattr(Capture, "after", after)
        pictures, failures, ended = [], [], threading.Event()
        enough = threading.Event()

        def take(picture):
            pictures.append(picture)
            if len(pictures) == 8:
                enough.set()

        made.append(device.Device(name, 0, 0, take, failures.append, ended.set))
        return pictures, failures, ended, enough

    yield start
    for one in made:
        one.close(WAIT)
    assert all(capture.released for capture in Capture.opened)


LOST = pytest.mark.parametrize("after", [(False, None), SpoiltError("corrupt JPEG data")], ids=["no picture", "error"])


@LOST
def test_a_camera_that_fails_is_opened_again(camera, after):
    _, failures, ended, enough = camera("/dev/null", after)
    assert enough.wait(WAIT), "pictures of three openings"
    assert len(Capture.opened) >= 3 and not ended.is_set()
    assert str(failures[0]) == "/dev/null has stopped: waiting for it"


@LOST
def test_a_video_that_cannot_be_read_further_has_ended(camera, after, tmp_path):
    path = tmp_path / "people.avi"
    path.touch()
    pictures, failures, ended, _ = camera(str(path), after)
    assert ended.wait(WAIT)
    assert len(pictures) == 3 and failures == []


@pytest.mark.parametrize("of_a_camera", [True, False])
def test_what_ends_while_it_is_closed_says_nothing(camera, tmp_path, monkeypatch, of_a_camera):
    path = tmp_path / "people.avi"
    path.touch()
    reading, go_on, read = threading.Event(), threading.Event(), Capture.read

    def slow(capture):
        if capture.left == 0:  # the last one takes longer than whoever closes it waits
            reading.set()
            go_on.wait(WAIT)
        return read(capture)

    monkeypatch.setattr(Capture, "read", slow)
    monkeypatch.setattr(Capture, "after", (False, None))
    said = []
    monkeypatch.setattr(device, "_is_camera", lambda path: of_a_camera)
    one = device.Device(str(path), 0, 0, lambda picture: None, said.append, lambda: said.append("ended"))
    assert reading.wait(WAIT)
    one.close(0.01)
    go_on.set()
    one.close(WAIT)
    assert said == []
