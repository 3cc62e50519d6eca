"""The inference thread: everybody else only enqueues, everything slow happens here.

One thread owns the stream from configuration to cleanup. Messages and commands come to it in queues, counters leave it
as snapshots, and no lock is held while it decodes, waits for a transform or infers: whoever asks is answered at once,
whatever the model does.

Every message reaches the stream's buffers, because a window needs all of its frames; inference runs once for all that
have piled up, so the newest data wins and a slow machine skips slots (counted) instead of falling behind. A bounded
queue drops the oldest messages (counted) if even buffering cannot keep up. Results are published from this thread:
rclpy's publishers may be used from any thread, and a detour through the executor would only add its delay.

No exception ends the thread: a message that cannot be used is reported to ``observer.rejected``, anything else to
``observer.failed``, and what the observer itself cannot take is counted. A thread that hangs in the model cannot be
ended from outside; it is left alone with its stream (``stop``), and what it says later is dropped.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import Event
from usdrl_model.online.state import StreamState
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.inputs.common import InputError, SourceFrame, ros_time
from usdrl_ros.node.inbox import Inbox
from usdrl_ros.node.protocols import Observer, Snapshot, Stream
from usdrl_ros.outputs.publishers import Result

AT_ONCE = 0.2
"""Seconds of buffering after which what is known is said, however many messages wait."""
PATIENCE = 0.05
"""Seconds after the arrival of a message in which its transform may still arrive."""
STUCK, STUCK_SLOTS = 0.5, 5
"""Seconds, and slots of ``max_rate``, that an inference may take before it counts as stuck."""


@dataclass(frozen=True, slots=True)
class _Reset:
    """The command to end what is going on, and to go on with other settings if given."""

    config: StreamConfig | None
    done: threading.Event


class Worker:
    """Converts, buffers, infers and publishes on a thread of its own.

    Args:
        stream: the online pipeline; from now on nobody else may touch it.
        convert: (message, patience) -> source frame and canonical frame, or None for a message that says nothing;
            ``patience`` is how many seconds it may wait for something (a transform) that is not there yet.
        publish: called with every result, never again after ``stop``.
        observer: counts.
        source_timeout: seconds without a usable message, with which time goes on, after which everybody is lost.
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
        self.config = stream.config
        """The newest settings that were asked for."""
        self._stream = stream
        self._convert = convert
        self._publish = publish
        self._observer = observer
        self._source_timeout = source_timeout
        self._monotonic = monotonic
        # Shared with everybody, under this lock, which nobody holds for longer than it takes to append.
        self._changed = threading.Condition()
        self._queue = Inbox()
        self._commands: list[_Reset] = []
        self._listening = True
        self._stopping = False
        # Held while a result is published, so that ``stop`` can promise that none follows.
        self._gate = threading.Lock()
        self._thread: threading.Thread | None = None
        # The thread's own, read by others as a whole.
        self._snapshot = Snapshot(dict(stream.counters), stream.describe())
        self._busy_since: float | None = None
        self._unreported = 0
        # The thread's own.
        self._newest: SourceFrame | None = None
        self._heard: float | None = None
        """Arrival of the last message with which time went on; None once the source was given up."""
        self._untold: list[Event] = []
        """Events whose state was out of date before it could be published."""

    def start(self) -> None:
        """Start the thread; once more if it has ended, which nothing should be able to bring about."""
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 0.0) -> bool:
        """Publish nothing more from now on, and end the thread after what it is doing.

        Returns:
            False if it still does so after ``timeout`` seconds. It is then left alone with its stream.
        """
        with self._changed:
            self._stopping = True
            self._queue.clear()
            self._changed.notify()
        with self._gate:  # waits for a publication at most, never for the model
            pass
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """True while there is a thread that takes messages."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def busy(self) -> float:
        """Seconds for which the thread has been at what it does now; 0 while it waits for messages."""
        since = self._busy_since
        return 0.0 if since is None else self._monotonic() - since

    @property
    def stuck(self) -> float:
        """``busy`` once it is longer than anything may take; 0 as long as all is well."""
        busy = self.busy
        return busy if busy > max(STUCK_SLOTS / self.config.max_rate, STUCK) else 0.0

    def snapshot(self) -> Snapshot:
        """What was known after the newest step; never waits."""
        return self._snapshot

    def put(self, message: Any) -> None:
        """Enqueue a message; never blocks."""
        with self._changed:
            if not self._listening:
                return
            dropped = self._queue.put(message, self._monotonic())
            self._changed.notify()
        for _ in range(dropped):
            self._observer.dropped()

    def listen(self) -> None:
        """Take messages again after ``leave``."""
        with self._changed:
            self._listening = True

    def leave(self) -> threading.Event:
        """``reset``, and ignore messages until ``listen``."""
        with self._changed:
            self._listening = False
        return self.reset()

    def reset(self, config: StreamConfig | None = None) -> threading.Event:
        """Drop what waits, end what is going on, publish that, and go on with ``config`` if given.

        Never blocks: the thread does so after what it is doing, and the state of that is not published any more, since
        it was out of date when it came.

        Returns:
            set when it is done.
        """
        command = _Reset(config, threading.Event())
        with self._changed:
            self._queue.clear()
            self._commands.append(command)
            if config is not None:
                self.config = config
            self._changed.notify()
        return command.done

    def step(self) -> None:
        """Deal with what waits, as much as there is time for, or with the silence of the source. Never raises."""
        with self._changed:
            commands, self._commands = self._commands, []
        self._busy_since = self._monotonic()
        try:
            for command in commands:
                self._reset(command)
            self._process()
        except BaseException as error:  # the node must outlive any error here; it is counted and reported
            self._report(error)
        finally:
            self._snapshot = self._look()
            self._busy_since = None

    def _run(self) -> None:
        while not self._stopping:
            try:
                with self._changed:
                    self._changed.wait_for(lambda: self._queue or self._commands or self._stopping, self._patience())
                if not self._stopping:
                    self.step()
            except BaseException as error:  # as in step
                self._report(error)

    def _patience(self) -> float | None:
        """Seconds until the source counts as silent; None if it already does."""
        if self._heard is None:
            return None
        return max(0.0, self._heard + self._source_timeout - self._monotonic())

    def _look(self) -> Snapshot:
        unreported = {"unreported_failures": self._unreported} if self._unreported else {}
        return Snapshot(dict(self._stream.counters) | unreported, self._stream.describe())

    def _report(self, error: BaseException) -> None:
        try:
            if isinstance(error, InputError):
                self._observer.rejected(error)
            else:
                self._observer.failed(error)
        except BaseException:  # a text that cannot be made, a logger that is gone
            self._unreported += 1

    def _reset(self, command: _Reset) -> None:
        self._heard = None
        try:
            self._publish_nobody(self._stream.finish())
        except BaseException as error:  # as in step
            self._report(error)
        try:
            self._stream.configure(self._stream.config if command.config is None else command.config)
        finally:
            command.done.set()

    def _take(self) -> tuple[Any, float] | None:
        """The oldest message that waits. It came after the newest command: a reset drops what came before."""
        with self._changed:
            return self._queue.take() if self._queue and not self._commands and not self._stopping else None

    def _process(self) -> None:
        due, end = False, self._monotonic() + AT_ONCE
        while self._monotonic() < end and (waiting := self._take()):
            due |= self._add(*waiting)
        if due:
            start = self._monotonic()
            events = self._stream.infer()
            self._observer.inferred(self._monotonic() - start)
            if self._commands:  # everybody is about to be forgotten: these events are told then
                self._untold += events
            else:
                self._publish_result(events, self._stream.state())
        elif self._patience() == 0.0:
            self._heard = None
            # The newest stamp and then so long a silence that nobody's track survives it.
            events = self._stream.advance(self._stream.state().stamp + self._stream.config.max_gap + 1e-3)
            self._stream.reset()
            self._publish_nobody(events)

    def _add(self, message: Any, arrival: float) -> bool:
        """Buffer one message; True if an inference is due."""
        before = self._stream.stamp
        try:
            converted = self._convert(message, max(0.0, arrival + PATIENCE - self._monotonic()))
            due = converted is not None and not self._stands(converted[0]) and self._stream.add(converted[1])
        except BaseException as error:  # one bad message must not take the rest of the batch with it
            self._report(error)
            return False
        self._observer.accepted(arrival, None if converted is None else converted[0])
        # A stamp that is not believed, or stands still, is as good as silence: nobody stays active because of it.
        if converted is not None and self._stream.stamp != before:
            self._newest, self._heard = converted[0], arrival
        return due

    def _stands(self, source: SourceFrame) -> bool:
        """The source was given up, and still says the same stamp."""
        return self._heard is None and self._newest is not None and source.frame.stamp == self._newest.frame.stamp

    def _publish_nobody(self, events: list[Event]) -> None:
        """Publish that everybody is gone; the stamp stays that of the last frame."""
        if self._newest is not None:
            stamp = self._newest.frame.stamp
            state = dataclasses.replace(self._stream.state(), stamp=stamp, people=())
            self._publish_result(events, state, answers=False)

    def _publish_result(self, events: list[Event], state: StreamState, *, answers: bool = True) -> None:
        source = self._newest
        if source is None:
            return
        events, self._untold = self._untold + events, []
        exact = source.stamp if source.frame.stamp == state.stamp else ros_time(state.stamp)
        result = Result(events=tuple(events), state=state, stamp=exact, frame_id=source.frame_id, answers=answers)
        with self._gate:
            if not self._stopping:
                self._publish(result)
