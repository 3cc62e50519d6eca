"""The thread that searches pictures: callbacks only hand them over, and the newest one wins."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from std_msgs.msg import Header

from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.camera.health import Health
from usdrl_ros.camera.people import People
from usdrl_ros.camera.view import View
from usdrl_ros.inputs.common import InputError, seconds
from usdrl_ros.inputs.depth_image import DepthImage
from usdrl_ros.inputs.depth_images import Measured

SOONEST = 0.25
"""Share of the interval of ``max_rate`` after which the next picture is taken, because stamps jitter."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that waits."""

    header: Header
    """Its stamp and frame."""
    picture: Callable[[], np.ndarray]
    """(H, W, 3) uint8, red, green, blue; made by the thread, or InputError."""


class Searching:
    """Searches the newest picture, publishes who is in it, and goes on to the next.

    No exception ends the thread: it is reported, and the next picture is tried.

    Args:
        people: from now on no other thread may use it.
        view: of the same camera.
        publish: called with the people of a picture and its header; never again after ``stop``.
        health: is told what happens.
        monotonic: seconds that never jump.
    """

    def __init__(
        self,
        people: People,
        view: View,
        publish: Callable[[SkeletonFrame, Header], None],
        health: Health,
        monotonic: Callable[[], float],
    ) -> None:
        self.max_rate = math.inf
        """Pictures per second of their stamps, at most."""
        self._people, self._view = people, view
        self._publish, self._health, self._monotonic = publish, health, monotonic
        self._changed = threading.Condition()
        self._waiting: Shot | None = None
        self._listening = False
        self._stopping = False
        self.last = -math.inf
        """Stamp of the newest picture that was taken."""
        self._refused: Measured | None = None
        """The last depth image that is of another view than the pictures, or in another unit."""
        self._due = -math.inf
        """Stamp at which the last picture was due; later than its own where it was early, so that the rate is kept."""
        self._gate = threading.Lock()
        """Held while a result is published, so that ``listen(False)`` and ``stop`` can promise that none follows."""
        self._busy_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._thread.start()

    def listen(self, on: bool) -> None:
        """Take pictures, or no more; without them, nothing is published."""
        with self._changed, self._gate:
            self._listening, self._waiting = on, None

    def put(self, shot: Shot) -> None:
        """Hand a picture over; one that still waits is left out, and counted."""
        with self._changed:
            if not self._listening:
                return
            if self._waiting is not None:
                self._health.skipped()
            self._waiting = shot
            self._changed.notify()

    def stop(self, timeout: float) -> None:
        """End the thread and release the estimator; a thread that hangs in it is left alone after ``timeout`` s."""
        self.listen(False)
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)

    @property
    def busy(self) -> float:
        """Seconds since the picture in work was begun; 0 while the thread waits for one."""
        since = self._busy_since
        return 0.0 if since is None else self._monotonic() - since

    def _run(self) -> None:
        while (shot := self._next()) is not None:
            self._busy_since = begun = self._monotonic()
            try:
                self._search(shot, begun)
            except InputError as error:
                self._health.refused(error)
            except BaseException as error:  # whatever the estimator's library raises
                self._health.failed(error)
            finally:
                self._busy_since = None
        self._people.close()

    def _next(self) -> Shot | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._stopping)
            shot, self._waiting = self._waiting, None
            return None if self._stopping else shot

    def _search(self, shot: Shot, begun: float) -> None:
        stamp = seconds(shot.header.stamp)
        if stamp == self.last or self.last < stamp < self._due + SOONEST / self.max_rate:
            return
        picture = shot.picture()
        # Begins anew after a pause, so that nothing is made up for, and where a clock was set back.
        self._due = max(stamp, self._due + 1.0 / self.max_rate) if stamp > self.last else stamp
        self.last = stamp
        lens = self._view.lens(picture.shape[1], picture.shape[0])
        frame = self._people.frame(picture, stamp, lens, lambda at: self._depth(at, picture))
        with self._gate:
            if self._listening:
                self._publish(frame, shot.header)
        self._health.searched(self._monotonic() - begun, len(frame.people), self._people.counters)

    def _depth(self, stamp: float, picture: np.ndarray) -> DepthImage | None:
        measured = self._view.depths.nearest(stamp)
        if measured is None:
            return None
        try:
            measured.image.check(picture.shape[1], picture.shape[0])
        except InputError as error:  # people are placed all the same
            if measured is not self._refused:  # it is looked up for two pictures
                self._health.refused(error)
            self._refused = measured
            return None
        return measured.image
