"""Problems of the stamps and people of a source.

The stream checks stamps and identities and counts problems. This module reports the counts that rise, and compares the
stamps with the times of arrival and with the node's clock.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping

import numpy as np

from usdrl_ros.diagnostics.reporting import RECENT, Rise
from usdrl_ros.inputs.common import SourceFrame

CLOCKS_AGREE = 10.0
"""Seconds between a stamp and the node's clock above which the clocks differ; less is latency."""
AHEAD = 0.5
"""Seconds that stamps may be ahead of the node's clock, because a simulated clock has coarse ticks."""
LATE = 1.0
"""Seconds from stamp to output above which the clocks differ or messages are delayed."""
SLOW, SLOW_MESSAGES = 7.5, 8
"""Frames a second, by stamps, below which actions are missed (docs/robustness.md), and how many frames tell."""
TURNS = 8
"""Stamps among which the one before a new one is looked for: those of several clocks come in turn."""
JITTER = 0.05
"""Share by which a rate may fall short: stamps of a tracker of exactly that rate tremble."""
FROZEN_SECONDS, FROZEN_MESSAGES = 1.0, 5
"""Seconds and messages with the same stamp after which it counts as frozen."""

FRAMES = 8
"""Coordinate frames that are remembered."""

COUNTED: dict[str, str] = {
    "resets": "the stamps have jumped, and all tracks were reset ({count} times so far): a bag loops, a simulation was"
    " reset, a clock was set or the source paused",
    "second_clock_frames": "messages on {topic} have stamps of two clocks {gap:.1f} s apart ({publishers} publishers):"
    " {count} messages of the second were refused; synchronise the clocks, or use one tracker per topic",
    "outlier_stamps": "stamps far off the course of the others were refused ({count} so far): check the clock of the"
    " tracker",
    "late_frames": "messages more than look_ahead behind the newest one come too late for the decision ({count} so"
    " far): synchronise the clocks of the trackers, or raise look_ahead",
    "people_over_limit": "more than {max_people} people: only the nearest are followed; raise max_people if the machine"
    " is fast enough",
}
"""Counter of the stream -> message while it rises."""
JUMPS = ("leaps_refused", "id_jumps", "ids_swapped")
"""Counters of samples that are not where the person of their id is."""
SELDOM, WHILE = 3, 20.0
"""Jumps and new names within so many seconds that happen to good trackers, too."""


class Often:
    """Tells a count that rises more often than ``SELDOM`` within ``WHILE``."""

    def __init__(self) -> None:
        self._rise = Rise()
        self._rises: deque[tuple[float, int]] = deque()
        """When it rose, and by how much."""
        self._told = -math.inf

    def __call__(self, now: float, count: int) -> bool:
        """Whether it is so at ``now``, or was a moment ago."""
        while self._rises and self._rises[0][0] < now - WHILE:
            self._rises.popleft()
        if rise := self._rise(count):
            self._rises.append((now, rise))
            if sum(number for _, number in self._rises) > SELDOM:
                self._told = now
        return now - self._told < RECENT


class SourceChecks:
    """Checks one source; not thread-safe."""

    def __init__(self) -> None:
        self._stamp = math.nan
        self._stood_since = self._heard = 0.0
        self._stood = 0
        self._lately: deque[float] = deque(maxlen=TURNS)
        self._steps: deque[float] = deque(maxlen=4 * SLOW_MESSAGES)
        """Seconds from one stamp to the next of the same clock."""
        self._delays: deque[tuple[float, float]] = deque()
        self._frames: OrderedDict[str, float] = OrderedDict()
        """Frame -> arrival of its newest message with people."""
        self._rises: defaultdict[str, Rise] = defaultdict(Rise)
        self._rose: dict[str, float] = {}
        self._jumping, self._renaming = Often(), Often()
        self._max_people = 0

    def heard(self, arrival: float, source: SourceFrame) -> None:
        """Record a message and its arrival, seconds that never jump."""
        stamp = source.frame.stamp
        if source.frame.people:  # a message without them is often in no frame, or in another one
            self._frames[source.frame_id] = arrival
            self._frames.move_to_end(source.frame_id)
        if len(self._frames) > FRAMES:
            self._frames.popitem(last=False)
        if stamp != self._stamp:
            before = max((other for other in self._lately if other < stamp), default=math.nan)
            if stamp not in self._lately and not math.isnan(before):
                self._steps.append(stamp - before)
            self._lately.append(stamp)
            self._stamp, self._stood_since, self._stood = stamp, arrival, 0
        self._stood += 1
        self._heard = arrival

    @property
    def rate(self) -> float:
        """Frames a second, by the stamps; NaN before there are some."""
        return 1.0 / float(np.median(self._steps)) if len(self._steps) >= SLOW_MESSAGES else math.nan

    def published(self, now: float, delay: float) -> bool:
        """Record the seconds from stamp to output by the node's clock; True if the clocks agree."""
        self._delays.append((now, delay))
        self._forget(now)
        return -AHEAD <= delay <= CLOCKS_AGREE

    def troubles(
        self, now: float, counters: Mapping[str, int], topic: str, publishers: int, max_people: int
    ) -> dict[str, str]:
        """Kind -> text of all present problems."""
        found: dict[str, str] = {}
        stood = self._heard - self._stood_since
        if self._stood >= FROZEN_MESSAGES and stood >= FROZEN_SECONDS and now - self._heard < RECENT:
            found["frozen_stamp"] = (
                f"all messages of the last {stood:.0f} s carry the stamp {self._stamp:.3f}: the tracker repeats a"
                " message, does not update header.stamp, or is stamped by a clock that stands (a paused simulation)"
            )
        if self.rate < (1.0 - JITTER) * SLOW and now - self._heard < RECENT:
            whole = not any(number % 1.0 for number in (self._stamp, *self._steps))
            found["slow"] = (
                f"only {self.rate:.1f} frames/s by their stamps, {SLOW:g} are needed for fast gestures: raise the rate"
                " of the tracker, of its camera (exposure, resolution), or of /clock where messages have no stamps"
            ) + "; all stamps are whole seconds: does the tracker set header.stamp.nanosec?" * whole
        if max_people != self._max_people:  # who was too many before need not be now
            self._max_people = max_people
            self._rose.pop("people_over_limit", None)
            self._rises["people_over_limit"](counters.get("people_over_limit", 0))
        for kind, text in COUNTED.items():
            count = counters.get(kind, 0)
            if self._rises[kind](count):
                self._rose[kind] = now
            if now - self._rose.get(kind, -math.inf) < RECENT:
                found[kind] = text.format(
                    count=count,
                    gap=abs(counters.get("clock_gap_ms", 0)) / 1e3,
                    topic=topic,
                    publishers=publishers,
                    max_people=max_people,
                )
        ids = self._ids(now, counters, topic)
        if "frozen_stamp" not in found:  # with it, who walks is elsewhere at the same instant
            found |= ids
        if "renamed" in found:  # who has a new name counts as one more
            found.pop("people_over_limit", None)
        return found | self._clocks(now)

    def frames(self, now: float) -> dict[str, str]:
        """The same for several coordinate frames without tf."""
        recent = sorted(frame or "(no name)" for frame, arrival in self._frames.items() if now - arrival < RECENT)
        if len(recent) < 2:
            return {}
        return {
            "frames": f"messages come in several frames ({', '.join(recent)}), which are treated as one: use one"
            " tracker per topic, or set target_frame without sensor_pose, so that tf2 transforms each"
        }

    def _ids(self, now: float, counters: Mapping[str, int], topic: str) -> dict[str, str]:
        found = {}
        jumps, renewals = sum(counters.get(kind, 0) for kind in JUMPS), counters.get("ids_renewed", 0)
        if self._jumping(now, jumps):
            found["ids"] = (
                f"ids on {topic} jump between places ({jumps} times so far): two trackers with the same ids, or"
                " everybody in a message with the same one? give each tracker a topic of its own, or set ids:=own"
            )
        if self._renaming(now, renewals):
            found["renamed"] = (
                f"new ids on {topic} where somebody already was ({renewals} times so far): the tracker renames people,"
                " so that nobody is followed for long enough: set ids:=own"
            )
        return found

    def _clocks(self, now: float) -> dict[str, str]:
        self._forget(now)
        if not self._delays:
            return {}
        delay = float(np.median([delay for _, delay in self._delays]))
        if abs(delay) > CLOCKS_AGREE:
            return {
                "other_clock": f"stamps and this node's clock differ by {abs(delay):.0f} s: set use_sim_time for a bag,"
                " or synchronise the clocks"
            }
        if delay < -AHEAD:
            return {"clock_ahead": f"stamps are {-delay:.1f} s ahead of this node's clock: synchronise the clocks"}
        if delay > LATE:
            return {
                "late": f"outputs come {delay:.1f} s after their stamps: synchronise the clocks, or find what delays"
                " the messages"
            }
        return {}

    def _forget(self, now: float) -> None:
        while self._delays and self._delays[0][0] < now - RECENT:
            self._delays.popleft()
