"""From messages to results: convert, buffer, infer. Only the worker's thread calls this."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import Event
from usdrl_model.events.people import PersonEvent
from usdrl_model.online.state import StreamState
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.inputs.common import InputError, SourceFrame, ros_time
from usdrl_ros.inputs.further_topics import Heard
from usdrl_ros.node.inbox import Arrival
from usdrl_ros.node.protocols import Observer, Snapshot
from usdrl_ros.outputs.result import Result

if TYPE_CHECKING:
    from usdrl_model.online.stream import ActionStream

CLOCK_CHECK = 0.05
"""Seconds after which a simulated clock is looked at again; a source is given as long, however fast the clock runs."""
DECIDING = 1.0
"""Seconds for which a source is waited for beyond ``source_timeout`` while its newest frame is held: the stamps that
follow decide what it was (``stamps.LASTING``, and slow trackers). Who is back just before the timeout has not gone."""
Convert = Callable[[Any, float, float], tuple[SourceFrame, SkeletonFrame] | None]
"""(message, arrival, patience) -> source frame and canonical frame, or None for a message without people and stamp.
``arrival`` is in seconds of the node's clock; it waits at most ``patience`` seconds for a transform that is not there
yet."""
Check = Callable[[SkeletonFrame, SkeletonFrame], None]
"""Takes a canonical frame, and the same as the source sent it."""


class Processing:
    """The online pipeline between messages and results.

    Args:
        stream: the online pipeline.
        convert: from a message to frames.
        check: of what people look like; it sees the frames whose stamps the stream believes.
        observer: counts.
        source_timeout: seconds without a usable message, with a new stamp, after which all people are lost; by the
            simulated clock, where there is one.
        transform_timeout: seconds after the arrival of a message in which its transform may still arrive.
        monotonic: seconds that never jump.
        clock: seconds of the clock of ``Arrival.clock``.
        simulated: whether that clock is a simulated one.
        running: whether somebody publishes it. While it stands all the same, the simulation is paused, and nobody is
            lost.
    """

    def __init__(
        self,
        *,
        stream: ActionStream,
        convert: Convert,
        check: Check,
        observer: Observer,
        source_timeout: float,
        transform_timeout: float,
        monotonic: Callable[[], float],
        clock: Callable[[], float],
        simulated: Callable[[], bool] = lambda: False,
        running: Callable[[], bool] = lambda: False,
    ) -> None:
        self._stream = stream
        self._convert = convert
        self._check = check
        self._observer = observer
        self._source_timeout = source_timeout
        self._transform_timeout = transform_timeout
        self._monotonic = monotonic
        self._clock = clock
        self._simulated = simulated
        self._running = running
        self._model = stream.describe()
        """What runs; only ``configure`` changes it."""
        self._clock_then = 0.0
        """The clock at the last arrival."""
        self._unreported = 0
        self._newest: SourceFrame | None = None
        self._held = False
        """The stream does not believe the newest stamp yet."""
        self._last_arrival: float | None = None
        """Arrival of the last message with a new stamp; None once the source has timed out."""
        self._unpublished: list[Event | PersonEvent] = []
        """Events whose state was out of date before it could be published."""

    def add(self, message: Any, arrival: Arrival) -> bool:
        """Buffer one message; True if an inference is due. Errors are reported."""
        before = self._stream.stamp
        try:
            age = self._monotonic() - arrival.steady
            converted = self._convert(message, arrival.clock, max(0.0, self._transform_timeout - age))
            due = converted is not None and not self._stands(converted[0]) and self._stream.add(converted[1])
            believed = converted if self._stream.stamp != before else None
            if believed is not None:
                self._check(believed[1], believed[0].frame)
        except BaseException as error:  # one bad message must not take the rest of the batch with it
            self.report(error)
            return False
        if converted is None and isinstance(message, Heard):
            return False  # of an IMU, say: no news of the source itself
        self._observer.accepted(
            arrival.steady, None if converted is None else converted[0], further=isinstance(message, Heard)
        )
        if converted is not None:
            self._held = believed is None and self._stream.frames.holding
        # A refused or repeated stamp counts as silence: no action stays active because of it.
        if believed is not None:
            self._newest, self._last_arrival, self._clock_then = believed[0], arrival.steady, arrival.clock
        return due

    @property
    def config(self) -> StreamConfig:
        """The settings of the stream."""
        return self._stream.config

    def infer(self) -> list[Event | PersonEvent]:
        """Run the model; give the events, of actions and of people, to ``result`` or ``postpone``."""
        start = self._monotonic()
        events = self._stream.infer()
        self._observer.inferred(self._monotonic() - start)
        return self._all(events)

    def result(self, events: list[Event | PersonEvent]) -> Result | None:
        """The events of an inference with the state after it."""
        return self._result(events, self._stream.state())

    def postpone(self, events: list[Event | PersonEvent]) -> None:
        """Add the events to the next result, because their state is already out of date."""
        self._unpublished += events

    def finish(self) -> Result | None:
        """End all active actions; call ``configure`` next. Whoever stays has the same id again."""
        self._last_arrival = None
        return self._result_without_people(self._all(self._stream.finish(anew=False)))

    def configure(self, config: StreamConfig | None) -> None:
        """Go on without people; with ``config`` if given."""
        self._stream.configure(self._stream.config if config is None else config)
        self._model = self._stream.describe()

    def patience(self) -> float | None:
        """Seconds until the source times out, or is to be looked at again; None if it already has timed out."""
        if self._last_arrival is None:
            return None
        timeout = self._source_timeout + (DECIDING if self._held else 0.0)
        silent = self._monotonic() - self._last_arrival
        left = timeout - silent
        if self._simulated():
            if self._silent_by_clock() >= timeout:
                left = CLOCK_CHECK - silent
            elif left > 0.0 or self._running():
                return CLOCK_CHECK
        return max(0.0, left)

    @property
    def silent(self) -> float:
        """Seconds since the newest believed frame came; 0 where there is none, or the source has timed out."""
        if self._last_arrival is None:
            return 0.0
        return self._silent_by_clock() if self._simulated() else self._monotonic() - self._last_arrival

    def time_out(self) -> Result | None:
        """The source is silent: all people are lost."""
        self._last_arrival = None
        # A silence after the newest stamp that no track survives.
        events = self._stream.advance(self._stream.state().stamp + self._stream.config.max_gap + 1e-3)
        self._stream.reset()
        return self._result_without_people(self._all(events))

    def snapshot(self) -> Snapshot:
        """Counters of the stream, and what runs."""
        unreported = {"unreported_failures": self._unreported} if self._unreported else {}
        return Snapshot(dict(self._stream.counters) | unreported, self._model)

    def report(self, error: BaseException) -> None:
        """Report an error to the observer; count it if even that fails."""
        try:
            if isinstance(error, InputError):
                self._observer.rejected(error)
            else:
                self._observer.failed(error)
        except BaseException:  # the error has no text, or the logger is gone
            self._unreported += 1

    def _silent_by_clock(self) -> float:
        """Seconds of the simulated clock since the source was heard."""
        now = self._clock()
        self._clock_then = min(self._clock_then, now)  # it may have been set back
        since = self._clock_then
        # /clock may arrive after the messages that it stamps.
        if self._newest is not None and self._newest.frame.stamp < now + self._source_timeout:
            since = max(since, self._newest.frame.stamp)
        return now - since

    def _stands(self, source: SourceFrame) -> bool:
        """The source has timed out and still repeats the same stamp."""
        return (
            self._last_arrival is None and self._newest is not None and source.frame.stamp == self._newest.frame.stamp
        )

    def _all(self, events: list[Event]) -> list[Event | PersonEvent]:
        """What people did, and who came and went, in the order of their numbers."""
        return sorted([*events, *self._stream.people_events()], key=lambda event: event.seq)

    def _result_without_people(self, events: list[Event | PersonEvent]) -> Result | None:
        """A result without people, with the stamp of the last frame."""
        if self._newest is None:
            return None
        state = dataclasses.replace(self._stream.state(), stamp=self._newest.frame.stamp, people=())
        return self._result(events, state, answers=False)

    def _result(self, events: list[Event | PersonEvent], state: StreamState, *, answers: bool = True) -> Result | None:
        """The result to publish; None before the first message."""
        source = self._newest
        if source is None:
            return None
        events, self._unpublished = self._unpublished + events, []
        exact = source.stamp if source.frame.stamp == state.stamp else ros_time(state.stamp)
        return Result(events=tuple(events), state=state, stamp=exact, frame_id=source.frame_id, answers=answers)
