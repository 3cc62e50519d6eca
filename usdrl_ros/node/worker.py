"""The inference thread: callbacks of the node only enqueue, all slow work happens here.

One thread owns the stream from configuration to cleanup. Messages and commands come to it in queues, counters leave it
as snapshots, and no lock is held while it decodes, waits for a transform or infers: every call returns at once,
whatever the model does.

Every message reaches the stream's buffers, because a window needs all of its frames. One inference follows for all
waiting messages, so a slow machine skips slots (counted) instead of falling behind. If even buffering is too slow, what
has waited for longer than ``LATE`` is dropped (counted): a robot needs to know what people do now. Results are
published from this thread: rclpy's publishers may be used from any thread, and the executor would only add its delay.

No exception ends the thread: an unusable message is reported to ``observer.rejected``, any other error to
``observer.failed``, and errors of the observer itself are counted. A thread that hangs in the model cannot be ended
from outside; ``stop`` leaves it alone with its stream and drops its later results.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from usdrl_model.events.config import StreamConfig
from usdrl_ros.node.commands import Ask, Reset
from usdrl_ros.node.inbox import Arrival, Inbox
from usdrl_ros.node.processing import Processing
from usdrl_ros.node.protocols import Observer, Snapshot
from usdrl_ros.outputs.result import Result

AT_ONCE = 0.2
"""Seconds of buffering after which a due inference runs, however many messages wait."""
LATE = 1.0
"""Seconds that a message may wait where buffering does not keep up."""
STUCK, STUCK_SLOTS = 0.5, 5
"""Seconds, and slots of ``max_rate``, that a step may take, or a result be due, before something is wrong."""
Answer = TypeVar("Answer")


class Worker:
    """Converts, buffers, infers and publishes on a thread of its own.

    Args:
        processing: the pipeline; from now on no other thread may use it or its stream.
        publish: called with every result, never again after ``stop``.
        observer: counts dropped messages.
        monotonic: seconds that never jump.
        clock: seconds of the clock that stamps messages without a stamp of their own; any thread may ask it.
    """

    def __init__(
        self,
        *,
        processing: Processing,
        publish: Callable[[Result], None],
        observer: Observer,
        monotonic: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self.config = processing.config
        """The newest settings that were asked for."""
        self._publish = publish
        self._observer = observer
        self._monotonic = monotonic
        self._clock = clock
        # Shared by all threads under this lock, which is only held to append or take.
        self._changed = threading.Condition()
        self._queue = Inbox()
        self._commands: list[Reset | Ask] = []
        self._listening = True
        self._stopping = False
        # Held while a result is published, so that ``stop`` can promise that none follows.
        self._gate = threading.Lock()
        self._thread: threading.Thread | None = None
        # Used by the thread alone.
        self._processing = processing
        # Written by the thread, read by others.
        self._snapshot = processing.snapshot()
        self._busy_since: float | None = None
        self._due_since: float | None = None

    def start(self) -> None:
        """Start the thread; again if it has ended, which should never happen."""
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 0.0) -> bool:
        """Publish nothing more from now on, and end the thread after its current step; what was asked is cancelled.

        Returns:
            False if the step has not ended after ``timeout`` seconds. The thread is then left alone with its stream.
        """
        with self._changed:
            self._stopping = True
            self._queue = Inbox()
            for command in self._commands:
                if isinstance(command, Ask):
                    command.answer.cancel()
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
        """Seconds since the current step began; 0 while the thread waits for messages."""
        since = self._busy_since
        return 0.0 if since is None else self._monotonic() - since

    @property
    def stuck(self) -> float:
        """``busy`` once it is longer than any step may take, else 0."""
        busy = self.busy
        return busy if busy > self._longest else 0.0

    @property
    def overdue(self) -> bool:
        """Every result has failed for longer than any step may take: the last one is out of date."""
        since = self._due_since
        return since is not None and self._monotonic() - since > self._longest

    @property
    def _longest(self) -> float:
        return max(STUCK_SLOTS / self.config.max_rate, STUCK)

    @property
    def silent(self) -> float:
        """Seconds since the newest frame came; for what is asked of the thread (``ask``)."""
        return self._processing.silent

    def snapshot(self) -> Snapshot:
        """The state after the newest step; never waits."""
        return self._snapshot

    def put(self, message: Any) -> None:
        """Enqueue a message; never blocks."""
        with self._changed:
            if not self._listening:
                return
            dropped = self._queue.put(message, Arrival(self._monotonic(), self._clock()))
            self._changed.notify()
        self._count(dropped)

    def listen(self) -> None:
        """Take messages again after ``leave``."""
        with self._changed:
            self._listening = True

    def leave(self) -> threading.Event:
        """``reset``, and ignore messages until ``listen``.

        What is latched does not wait either: whoever subscribes anew is sent it again, and it may tell of people.
        """
        with self._changed:
            done = self.reset()
            self._queue = Inbox()
            self._listening = False
        return done

    def reset(self, config: StreamConfig | None = None) -> threading.Event:
        """Drop waiting messages, end all active actions, publish that, and go on with ``config`` if given.

        What is latched still waits, because it is not sent again.

        Nothing is published after ``leave``: it has already told that nobody is here.

        Never blocks: the thread does so after its current step, whose state is out of date by then and not published.

        Returns:
            set when it is done.
        """
        with self._changed:
            command = Reset(config, self._listening, threading.Event())
            self._queue.forget()
            self._commands.append(command)
            if config is not None:
                self.config = config
            self._changed.notify()
        return command.done

    def ask(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Have the thread do ``work`` after its current step; never blocks.

        Returns:
            its result, or the error that it raised; cancelled after ``stop``. If it can be cancelled, it is not done.
        """
        answer: Future[Answer] = Future()
        with self._changed:
            if self._stopping:
                answer.cancel()
            self._commands.append(Ask(work, answer))
            self._changed.notify()
        return answer

    def step(self) -> None:
        """Handle commands, then as many messages as there is time for, or a silent source. Never raises."""
        with self._changed:
            commands, self._commands = self._commands, []
        self._busy_since = self._monotonic()
        try:
            for command in commands:
                if isinstance(command, Ask):
                    command.do()
                else:
                    self._reset(command)
            self._process()
        except BaseException as error:  # the node must survive any error here; it is counted and reported
            self._processing.report(error)
        finally:
            self._snapshot = self._processing.snapshot()
            self._busy_since = None

    def _run(self) -> None:
        while not self._stopping:
            try:
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._queue or self._commands or self._stopping, self._processing.patience()
                    )
                if not self._stopping:
                    self.step()
            except BaseException as error:  # as in step
                self._processing.report(error)

    def _reset(self, command: Reset) -> None:
        try:
            if command.told:
                self._due()
            result = self._processing.finish()
            if command.told:
                self._publish_unless_stopping(result)
        except BaseException as error:  # the settings must change whatever happens here
            self._processing.report(error)
        try:
            self._processing.configure(command.config)
        finally:
            command.done.set()

    def _take(self) -> tuple[Any, Arrival] | None:
        """The oldest waiting message. It is newer than the newest command, or latched: a reset drops all others."""
        with self._changed:
            return self._queue.take() if self._queue and not self._commands and not self._stopping else None

    def _process(self) -> None:
        due, end = False, self._monotonic() + AT_ONCE
        while self._monotonic() < end and (waiting := self._take()):
            due |= self._processing.add(*waiting)
        if self._monotonic() >= end:
            with self._changed:
                dropped = self._queue.forget(self._monotonic() - LATE)
            self._count(dropped)
        if due:
            self._due()
            events = self._processing.infer()
            # Where a reset is about to forget all people, the events follow then.
            if any(isinstance(one, Reset) for one in self._commands):
                self._processing.postpone(events)
            else:
                self._publish_unless_stopping(self._processing.result(events))
        elif self._processing.patience() == 0.0:
            self._due()
            self._publish_unless_stopping(self._processing.time_out())

    def _due(self) -> None:
        """From now on a result is due, until one is published."""
        if self._due_since is None:
            self._due_since = self._monotonic()

    def _count(self, dropped: int) -> None:
        for _ in range(dropped):
            self._observer.dropped()

    def _publish_unless_stopping(self, result: Result | None) -> None:
        with self._gate:
            if result is not None and not self._stopping:
                self._publish(result)
        self._due_since = None
