"""Rates, times and counts of the camera node -> ``/diagnostics``, with advice."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticStatus

from usdrl_model.errors.shown import LINE, cut
from usdrl_ros.camera.geometry import BEYOND_DEPTH, BY_DEPTH, BY_SIZE
from usdrl_ros.diagnostics.reporting import AWAY, RECENT, SAMPLES, Lasting, Warnings, percentile, status
from usdrl_ros.diagnostics.source_checks import SLOW
from usdrl_ros.inputs.common import InputError

STUCK = 5.0
"""Seconds after which the search of a picture counts as stuck."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the pictures of an active node come from, now."""

    name: str
    """Topic or device."""
    publishers: int
    """Publishers of images on the topic; 1 for a device that is open."""
    other_types: tuple[str, ...] = ()
    """Message types of the other publishers on the topic."""
    device: bool = False
    lost: str = ""
    """What to do where little or nothing arrives although somebody publishes."""
    calibrated: bool = False
    depth_topic: str = ""
    depth_lost: str = ""
    """The same of depth; empty where images of it arrive."""
    depth_off: str = ""
    """How far the nearest depth image is from the newest picture, in words."""
    max_rate: float = math.inf
    """Pictures a second that are searched at most."""
    busy: float = 0.0
    """Seconds for which the picture in work has been searched."""
    model: str = ""


class Health:
    """Counts and reports; thread-safe.

    Args:
        monotonic: seconds that never jump.
        warn: logs a warning.
    """

    def __init__(self, monotonic: Callable[[], float], warn: Callable[[str], object]) -> None:
        self._monotonic = monotonic
        self._warn = warn
        self._log = Warnings(warn, monotonic)
        self._lasting = Lasting(AWAY, monotonic)
        self._lock = threading.Lock()
        self._started = monotonic()
        self._searched: deque[float] = deque(maxlen=SAMPLES)
        self._times: deque[float] = deque(maxlen=SAMPLES)
        self._skipped_at = -math.inf
        self._people = 0
        self._counts: Counter[str] = Counter()
        self._placed: Mapping[str, int] = {}
        self._placed_at = dict.fromkeys((BY_DEPTH, BEYOND_DEPTH, BY_SIZE), -math.inf)
        self._troubles: dict[str, tuple[float, str]] = {}

    def activated(self) -> None:
        """Pictures are expected from now on."""
        with self._lock:
            self._started = self._monotonic()

    def searched(self, seconds: float, people: int, placed: Mapping[str, int]) -> None:
        """A picture was searched in ``seconds``; ``placed``: how people were placed so far."""
        with self._lock:
            self._searched.append(self._monotonic())
            self._times.append(seconds * 1e3)
            for way in self._placed_at:
                if placed.get(way, 0) > self._placed.get(way, 0):
                    self._placed_at[way] = self._monotonic()
            self._people, self._placed = people, dict(placed)

    def skipped(self) -> None:
        """A picture was replaced by a newer one before it was searched."""
        with self._lock:
            self._counts["pictures skipped"] += 1
            self._skipped_at = self._monotonic()

    def refused(self, error: InputError) -> None:
        """A picture or a depth image cannot be used."""
        self._trouble(f"refused.{error.kind}", f"image refused ({error.kind}): {error}")

    def warned(self, kind: str, text: str) -> None:
        """Something is odd, but no reason to refuse the picture."""
        self._trouble(f"warned.{kind}", f"camera ({kind}): {text}")

    def unplugged(self, error: BaseException) -> None:
        """The device gives no pictures any more."""
        self._trouble("camera gone", f"no pictures: {error}")

    def failed(self, error: BaseException) -> None:
        """Any other error."""
        self._trouble("failures", f"search failed: {type(error).__name__}: {error}")

    def _trouble(self, kind: str, text: str) -> None:
        line = cut(text, LINE)
        with self._lock:
            self._counts[kind] += 1
            self._troubles[kind] = (self._monotonic(), line)
        self._log(kind, line)

    def report(self, name: str, source: Source | None) -> list[DiagnosticStatus]:
        """The statuses ``<name>: pictures`` and ``<name>: people``; for None, that the node is not active."""
        if source is None:
            return [status(f"{name}: pictures", DiagnosticStatus.OK, "not active", {})]
        now = self._monotonic()
        with self._lock:
            level, text = self._verdict(source, now)
            counts: dict[str, object] = dict(sorted(self._counts.items()))
            values = {
                "source": source.name,
                "publishers": source.publishers,
                "searched": f"{self._rate(now)[0]:.1f} Hz",
            }
            pictures = status(f"{name}: pictures", level, text, values | counts)
            people = self._people_status(f"{name}: people", source, now)
            logged = [] if self._present(now) else [pictures, people]  # a trouble is logged as it comes
        wrong = {one.name: one.message for one in logged if one.level != DiagnosticStatus.OK}
        for kind in self._lasting(wrong):
            self._warn(cut(wrong[kind], LINE))
        return [pictures, people]

    def _people_status(self, name: str, source: Source, now: float) -> DiagnosticStatus:
        by_depth, beyond, by_size = (now - at < RECENT for at in self._placed_at.values())
        lacks_depth = bool(source.depth_topic) and by_size and not (by_depth or beyond)
        why = (
            f"nothing on {source.depth_topic} is near the stamps of the pictures"
            + (f" ({source.depth_off})" if source.depth_off else "")
            + ": check depth_topic"
        )
        refused = [kind for kind in self._present(now) if kind.startswith("refused.depth_")]
        if refused:
            why = f"images of {source.depth_topic} are refused ({refused[0].removeprefix('refused.')}, see pictures)"
        elif source.depth_lost:
            why = f"nothing arrives on {source.depth_topic}: {source.depth_lost}"
        return status(
            name,
            DiagnosticStatus.WARN if lacks_depth else DiagnosticStatus.OK,
            f"{self._people if self._rate(now)[1] else 0} in the picture, placed by "
            + ("depth" if source.depth_topic and (by_depth or not (beyond or by_size)) else "their apparent size")
            + (f": {why}" if lacks_depth else ""),
            {
                "search p50": percentile(self._times, 50),
                "search p95": percentile(self._times, 95),
                "calibrated": source.calibrated,
                "model": source.model,
                **self._placed,
            },
        )

    def _present(self, now: float) -> dict[str, str]:
        """The troubles of late: kind -> text."""
        return {kind: text for kind, (at, text) in self._troubles.items() if now - at < RECENT}

    def _rate(self, now: float) -> tuple[float, bool]:
        """Pictures per second of late, and whether there were any."""
        late = [at for at in self._searched if at > now - RECENT]
        span = late[-1] - late[0] if late else 0.0
        return (len(late) - 1) / span if span > 0.0 else 0.0, bool(late)

    def _verdict(self, source: Source, now: float) -> tuple[bytes, str]:
        rate, recent = self._rate(now)
        if source.busy > STUCK:
            return DiagnosticStatus.ERROR, f"stuck: one picture has been searched for {source.busy:.0f} s"
        if troubles := self._present(now):
            return DiagnosticStatus.WARN if recent else DiagnosticStatus.ERROR, "; ".join(troubles.values())
        if recent and rate < SLOW and now - self._skipped_at < RECENT:
            return (
                DiagnosticStatus.WARN,
                f"only {rate:.1f} pictures/s can be searched, actions need {SLOW:g} at least: free the processor, or"
                " make the pictures smaller",
            )
        if recent and rate < SLOW <= source.max_rate and source.lost and now - self._started > RECENT:
            return (
                DiagnosticStatus.WARN,
                f"only {rate:.1f} pictures/s of {source.name} arrive, actions need {SLOW:g} at least: {source.lost}",
            )
        if recent:
            return DiagnosticStatus.OK, f"{rate:.1f} pictures/s of {source.name}"
        if source.other_types:
            return (
                DiagnosticStatus.ERROR,
                f"{source.name} is published as {', '.join(source.other_types)}, expected sensor_msgs/msg/Image: choose"
                " the raw topic, or decompress with image_transport republish",
            )
        silence = now - max(self._started, self._searched[-1] if self._searched else -math.inf)
        if silence < RECENT:
            return DiagnosticStatus.OK, f"waiting for the first picture of {source.name}"
        if source.device:
            return DiagnosticStatus.ERROR, f"no picture of {source.name} for {silence:.0f} s: is it still connected?"
        advice = source.lost or "nobody publishes it: set image_topic"
        return DiagnosticStatus.WARN, f"no picture on {source.name} for {silence:.0f} s: {advice}"
