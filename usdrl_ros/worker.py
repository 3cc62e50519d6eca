"""The inference thread: the executor only enqueues, everything slow happens here.

Every message reaches the stream's buffers, because a window needs all of its frames; inference runs once for all that
have piled up, so the newest data wins and a slow machine skips slots (counted) instead of falling behind. A bounded
queue drops the oldest messages (counted) if even buffering cannot keep up. Results are published from this thread:
rclpy's publishers may be used from any thread, and a detour through the executor would only add its delay.

No exception ends the thread: a message that cannot be used is reported to ``observer.rejected``, anything else to
``observer.failed``.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from builtin_interfaces.msg import Time

from usdrl_model.events import Event
from usdrl_model.skeleton import SkeletonFrame
from usdrl_model.stream_config import StreamConfig, StreamState
from usdrl_ros.inputs import InputError, SourceFrame
from usdrl_ros.inputs.common import ros_time

CAPACITY = 256
"""Messages that may wait: two seconds of the fastest tracker."""

PATIENCE = 0.05
"""Seconds after the arrival of a message in which its transform may still arrive."""


class Stream(Protocol):
    """What the worker needs of ``usdrl_model.stream.ActionStream``."""

    config: StreamConfig
    labels: tuple[str, ...]

    @property
    def counters(self) -> Mapping[str, int]:
        """What happened so far."""

    def add(self, frame: SkeletonFrame) -> bool:
        """Buffer a frame; True when an inference is due."""

    def infer(self) -> list[Event]:
        """Run the model on the newest slot."""

    def advance(self, stamp: float) -> list[Event]:
        """Let time pass without a frame; people are lost."""

    def finish(self) -> list[Event]:
        """End what is going on and forget everybody."""

    def state(self) -> StreamState:
        """Snapshot."""

    def reset(self) -> None:
        """Forget everybody."""

    def warm_up(self) -> None:
        """Run once, so that the first real inference is as fast as the others."""

    def configure(self, config: StreamConfig) -> None:
        """Change thresholds and rates; forget everybody."""

    def describe(self) -> dict[str, str]:
        """Weights, hash, device, precision, ..."""


class Observer(Protocol):
    """Who counts what happens here; every method is called on the worker's thread, ``dropped`` on the caller's."""

    def accepted(self, arrival: float) -> None:
        """A message was understood."""

    def rejected(self, error: InputError) -> None:
        """A message was not understood."""

    def failed(self, error: Exception) -> None:
        """Something else went wrong."""

    def inferred(self, seconds: float) -> None:
        """An inference took ``seconds``."""

    def dropped(self) -> None:
        """The queue was full."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What an inference decided, ready to be published."""

    events: tuple[Event, ...]
    state: StreamState
    stamp: Time
    """The source's stamp of the newest frame, to the nanosecond."""
    frame_id: str
    """Frame of the newest message."""


class Worker:
    """Converts, buffers, infers and publishes on a thread of its own.

    Args:
        stream: the online pipeline; only touched, and its results only published, under this worker's lock.
        convert: (message, patience) -> source frame and canonical frame, or None for a message that says nothing;
            ``patience`` is how many seconds it may wait for something (a transform) that is not there yet.
        publish: called with every result.
        observer: counts.
        source_timeout: seconds without a usable message after which everybody is lost.
        monotonic: seconds that never jump.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        convert: Callable[[Any, float], tuple[SourceFrame, SkeletonFrame] | None],
        publish: Callable[[Result], None],
        observer: Observer,
        source_timeout: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._convert = convert
        self._publish = publish
        self._observer = observer
        self._source_timeout = source_timeout
        self._monotonic = monotonic
        self._queue: deque[tuple[Any, float]] = deque()
        self._changed = threading.Condition()
        self._stream_lock = threading.Lock()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._newest: SourceFrame | None = None
        self._heard: float | None = None
        """Arrival of the last usable message; None once the source was given up."""

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> bool:
        """End the thread after what it is doing; False if it still does so after ``timeout`` seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def put(self, message: Any) -> None:
        """Enqueue a message; never blocks."""
        with self._changed:
            if len(self._queue) >= CAPACITY:
                self._queue.popleft()
                self._observer.dropped()
            self._queue.append((message, self._monotonic()))
            self._changed.notify()

    def reset(self, config: StreamConfig | None = None) -> None:
        """Drop what waits, end what is going on, publish that, and go on with ``config`` if given. Never raises."""
        with self._changed:
            self._queue.clear()
        with self._stream_lock:
            self._heard = None
            try:
                self._publish_nobody(self._stream.finish())
            except Exception as error:  # as in step
                self._observer.failed(error)
            self._stream.configure(self._stream.config if config is None else config)

    def counters(self) -> dict[str, int]:
        """The stream's counters now."""
        with self._stream_lock:
            return dict(self._stream.counters)

    def step(self) -> None:
        """Deal with everything that waits, or with the silence of the source. Never raises."""
        with self._changed:
            batch, self._queue = self._queue, deque()
        try:
            with self._stream_lock:
                self._process(batch)
        except Exception as error:  # the node must outlive any error here; it is counted and reported
            self._observer.failed(error)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._stopping, timeout=self._patience())
                if self._stopping:
                    return
            self.step()

    def _patience(self) -> float | None:
        """Seconds until the source counts as silent; None if it already does."""
        if self._heard is None:
            return None
        return max(0.0, self._heard + self._source_timeout - self._monotonic())

    def _process(self, batch: deque[tuple[Any, float]]) -> None:
        due = False
        for message, arrival in batch:
            due |= self._add(message, arrival)
        if due:
            start = self._monotonic()
            events = self._stream.infer()
            self._observer.inferred(self._monotonic() - start)
            self._publish_result(events, self._stream.state())
        elif self._patience() == 0.0:
            self._heard = None
            # The newest stamp and then so long a silence that nobody's track survives it.
            events = self._stream.advance(self._stream.state().stamp + self._stream.config.max_gap + 1e-3)
            self._stream.reset()
            self._publish_nobody(events)

    def _add(self, message: Any, arrival: float) -> bool:
        """Buffer one message; True if an inference is due."""
        try:
            converted = self._convert(message, max(0.0, arrival + PATIENCE - self._monotonic()))
            due = converted is not None and self._stream.add(converted[1])
        except InputError as error:
            self._observer.rejected(error)
            return False
        except Exception as error:  # one bad message must not take the rest of the batch with it
            self._observer.failed(error)
            return False
        self._observer.accepted(arrival)
        if converted is not None:
            self._newest, self._heard = converted[0], arrival
        return due

    def _publish_nobody(self, events: list[Event]) -> None:
        """Publish that everybody is gone; the stamp stays that of the last frame."""
        if self._newest is not None:
            stamp = self._newest.frame.stamp
            self._publish_result(events, dataclasses.replace(self._stream.state(), stamp=stamp, people=()))

    def _publish_result(self, events: list[Event], state: StreamState) -> None:
        source = self._newest
        if source is not None:
            exact = source.stamp if source.frame.stamp == state.stamp else ros_time(state.stamp)
            self._publish(Result(events=tuple(events), state=state, stamp=exact, frame_id=source.frame_id))
