"""What is wrong with the stamps and the people of a source, for as long as it lasts.

The stream judges stamps by each other and people by where they are, and counts; here it is seen which counts rise, and
how the stamps stand to the times of arrival and to the node's clock.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Mapping

import numpy as np

RECENT = 5.0
"""Seconds for which a trouble lasts that shows in single messages."""
CLOCKS_AGREE = 10.0
"""Seconds between a stamp and the node's clock beyond which they are different clocks, not latency."""
AHEAD = 0.5
"""Seconds that stamps may lie ahead of the node's clock: a simulated clock ticks coarsely."""
LATE = 1.0
"""Seconds from stamp to answer beyond which the clocks differ, or somebody is far behind."""
FROZEN_SECONDS, FROZEN_MESSAGES = 1.0, 5
"""How long, and in how many messages, a stamp must stand still to be frozen."""

FRAMES = 8
"""Frames that are remembered."""

COUNTED: dict[str, str] = {
    "resets": "the stamps have jumped, and everybody was forgotten ({count} times so far): a bag loops, a simulation"
    " was reset, a clock was set or the source paused",
    "second_clock_frames": "stamps of two clocks {gap:.1f} s apart come on {topic} ({publishers} publishers): one is"
    " followed, {count} messages of the other were refused; synchronise the clocks, or leave one tracker on the topic",
    "outlier_stamps": "stamps far off the course of the others are refused ({count} so far): look at the clock of the"
    " tracker",
    "late_frames": "people come in messages more than look_ahead behind the newest one ({count} so far): what they do"
    " is decided without these; synchronise the clocks of the trackers, or raise look_ahead",
    "people_over_limit": "more than {max_people} people: only the nearest are followed; raise max_people if the machine"
    " can bear it",
}
"""Counter of the stream -> what it means that it rises."""


class SourceChecks:
    """Looks at one source; not safe to call from several threads at once."""

    def __init__(self) -> None:
        self._stamp = math.nan
        self._stood_since = self._heard = 0.0
        self._stood = 0
        self._delays: deque[tuple[float, float]] = deque()
        self._frames: OrderedDict[str, float] = OrderedDict()
        """Frame -> arrival of its newest message."""
        self._before: dict[str, int] = {}
        self._rose: dict[str, float] = {}

    def heard(self, arrival: float, stamp: float, frame_id: str) -> None:
        """Note a message: seconds of a clock that never jumps, its stamp and its frame."""
        self._frames[frame_id] = arrival
        self._frames.move_to_end(frame_id)
        if len(self._frames) > FRAMES:
            self._frames.popitem(last=False)
        if stamp != self._stamp:
            self._stamp, self._stood_since, self._stood = stamp, arrival, 0
        self._stood += 1
        self._heard = arrival

    def published(self, now: float, delay: float) -> bool:
        """Note the seconds from stamp to answer, by the node's clock; True if that is a latency."""
        self._delays.append((now, delay))
        self._forget(now)
        return -AHEAD <= delay <= CLOCKS_AGREE

    def troubles(
        self, now: float, counters: Mapping[str, int], topic: str, publishers: int, max_people: int
    ) -> dict[str, str]:
        """Kind -> text of everything that is wrong now; kinds stay the same as long as it lasts."""
        found: dict[str, str] = {}
        stood = self._heard - self._stood_since
        if self._stood >= FROZEN_MESSAGES and stood >= FROZEN_SECONDS and now - self._heard < RECENT:
            found["frozen_stamp"] = (
                f"all messages of the last {stood:.0f} s carry the stamp {self._stamp:.3f}: the tracker repeats itself,"
                " or does not fill header.stamp anew"
            )
        for kind, text in COUNTED.items():
            count = counters.get(kind, 0)
            if count > self._before.get(kind, 0):
                self._rose[kind] = now
            self._before[kind] = count
            if now - self._rose.get(kind, -math.inf) < RECENT:
                found[kind] = text.format(
                    count=count,
                    gap=abs(counters.get("clock_gap_ms", 0)) / 1e3,
                    topic=topic,
                    publishers=publishers,
                    max_people=max_people,
                )
        return found | self._clocks(now)

    def frames(self, now: float) -> dict[str, str]:
        """The same of frames, where nothing tells how one lies in another."""
        recent = sorted(frame for frame, arrival in self._frames.items() if now - arrival < RECENT)
        if len(recent) < 2:
            return {}
        return {
            "frames": f"messages come in several frames ({', '.join(recent)}), and people of all are placed as if these"
            " were one: leave one tracker on the topic, or set target_frame without sensor_pose, so that tf places each"
        }

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
                "late": f"answers come {delay:.1f} s after their stamps: synchronise the clocks, or look for what holds"
                " the messages up"
            }
        return {}

    def _forget(self, now: float) -> None:
        while self._delays and self._delays[0][0] < now - RECENT:
            self._delays.popleft()
