"""Rates, latencies and counts of the node -> ``/diagnostics``, with advice."""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticStatus

from usdrl_model.errors.shown import LINE, cut
from usdrl_ros.diagnostics import graph_checks
from usdrl_ros.diagnostics.hearing import Hearing
from usdrl_ros.diagnostics.keeping_up import KeepingUp
from usdrl_ros.diagnostics.reporting import AGAIN, AWAY, RECENT, SAMPLES, Lasting, Warnings, percentile, status
from usdrl_ros.diagnostics.source_checks import SourceChecks
from usdrl_ros.inputs.common import InputError, SourceFrame

NAMESPACE = "give it a namespace with --ros-args -r __ns:=/NAME"
"""What keeps two nodes apart: their topics follow the namespace, whatever they are called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """The present inputs and settings of an active node."""

    topic: str
    publishers: int
    """Publishers of the right type on the topic."""
    other_types: tuple[str, ...]
    """Message types of the other publishers on the topic."""
    expected_type: str
    candidates: tuple[tuple[str, str], ...] = ()
    """Topics that may be meant where nobody publishes: of ``graph_checks.candidates``."""
    clock_silent: bool
    """use_sim_time is set and /clock is silent."""
    max_rate: float
    stream_counters: Mapping[str, int]
    model: Mapping[str, str]
    silent: tuple[str, ...] = ()
    """Further topics of the input that nobody publishes."""
    lost: tuple[str, ...] = ()
    """What to do about further topics that are published, and of which nothing arrives."""
    max_people: int = 20
    placed_by_tf: bool = False
    """tf2 transforms every message, so several frames are fine."""
    namesakes: int = 1
    """Nodes with this name, including this one."""
    rivals: int = 0
    """Other publishers of this node's actions/state."""
    stuck: float = 0.0
    """Seconds for which an inference has been running that takes too long; else 0."""


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
        self._lock = threading.Lock()
        self._hearing = Hearing(monotonic())
        self._refused: Counter[str] = Counter()
        self._refusal_text = ""
        self._warned: Counter[str] = Counter()
        self._odd: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=AGAIN))
        """Kind of warning -> when the last ones came."""
        self._odd_texts: dict[str, str] = {}
        self._failures = 0
        self._failed_at = -math.inf
        self._failure_text = ""
        self._drops = 0
        self._dropped_at = -math.inf
        self._inference: deque[float] = deque(maxlen=SAMPLES)
        self._latency: deque[float] = deque(maxlen=SAMPLES)
        self._source = SourceChecks()
        self._lasting = Lasting(AWAY, monotonic)
        self._incompatible: Counter[str] = Counter()
        self._keeping_up = KeepingUp()

    def listen(self) -> None:
        """The node begins to listen: what was heard before tells nothing of now."""
        with self._lock:
            self._hearing = Hearing(self._monotonic())

    def accepted(self, arrival: float, source: SourceFrame | None, *, further: bool = False) -> None:
        """A message was understood; see ``node.protocols.Observer``."""
        with self._lock:
            if source is not None:
                self._source.heard(arrival, source)
            self._hearing.accepted(arrival, further=further)

    def rejected(self, error: InputError) -> None:
        """A message was refused."""
        now = self._monotonic()
        with self._lock:
            self._refused[error.kind] += 1
            self._refusal_text = cut(error, LINE)
            self._hearing.rejected(now)
        self._log(error.kind, f"message refused ({error.kind}): {error}")

    def warned(self, kind: str, text: str) -> None:
        """A message was understood, but something about it is odd."""
        with self._lock:
            self._warned[kind] += 1
            self._odd[kind].append(self._monotonic())
            self._odd_texts[kind] = cut(text, LINE)
        self._log(f"warned.{kind}", f"input ({kind}): {text}")

    def failed(self, error: BaseException) -> None:
        """Another error."""
        with self._lock:
            self._failures += 1
            self._failed_at = self._monotonic()
            self._failure_text = cut(f"{type(error).__name__}: {error}", LINE)
        self._log("failure", f"inference failed: {self._failure_text}")

    def dropped(self) -> None:
        """The queue was full."""
        with self._lock:
            self._drops += 1
            self._dropped_at = self._monotonic()
        self._log("drop", "messages dropped: they arrive faster than they can be buffered")

    def inferred(self, seconds: float) -> None:
        """An inference took ``seconds``."""
        with self._lock:
            self._inference.append(seconds * 1e3)
            self._keeping_up.inferred(seconds)

    def incompatible_qos(self, policy: str) -> None:
        """A publisher has an incompatible quality of service."""
        with self._lock:
            self._incompatible[policy] += 1
            self._hearing.incompatible(policy)
        self._log(f"qos.{policy}", f"a publisher of the input has an incompatible {policy}: see qos_overrides")

    def published(self, delay: float) -> float | None:
        """Record the seconds from stamp to publication; returns milliseconds, or None if the clocks differ."""
        with self._lock:
            agree = self._source.published(self._monotonic(), delay)
            if agree:
                self._latency.append(delay * 1e3)
        return delay * 1e3 if agree else None

    def report(self, name: str, situation: Situation | None, fault: str = "") -> list[DiagnosticStatus]:
        """The statuses ``<name>: input`` and ``<name>: inference``; for None, that the node is not active.

        ``fault`` is the reason if it should be active.
        """
        if situation is None:
            level = DiagnosticStatus.ERROR if fault else DiagnosticStatus.OK
            return [status(f"{name}: input", level, f"not active: {fault}" if fault else "not active", {})]
        now = self._monotonic()
        with self._lock:
            self._hearing.forget(now)
            troubles = self._troubles(name, situation, now)
            new = [troubles[kind] for kind in self._lasting(troubles)]
            again = [kind for kind, times in self._odd.items() if len(times) == AGAIN and now - times[0] < RECENT]
            statuses = [
                self._input(name, situation, now, [*troubles.values(), *map(self._odd_texts.__getitem__, again)]),
                self._inference_status(name, situation, now),
            ]
        for text in new:  # once, however long it lasts
            self._warn(cut(text, LINE))
        return statuses

    def _troubles(self, name: str, situation: Situation, now: float) -> dict[str, str]:
        troubles = self._source.troubles(
            now, situation.stream_counters, situation.topic, situation.publishers, situation.max_people
        )
        if not situation.placed_by_tf:
            troubles |= self._source.frames(now)
        if situation.silent:
            troubles["silent"] = graph_checks.nobody_publishes_either(situation.silent)
        if situation.lost:
            troubles["lost"] = "; ".join(situation.lost)
        if situation.namesakes > 1:
            troubles["namesakes"] = (
                f"{situation.namesakes} nodes are called {name}, so their parameters, services and topics collide: stop"
                f" one, or {NAMESPACE}"
            )
        elif situation.rivals > 0:
            troubles["rivals"] = (
                "somebody else publishes this node's actions/state too, so that clients hear both in turn: stop the"
                f" other, or {NAMESPACE}"
            )
        return troubles

    def _input(self, name: str, situation: Situation, now: float, troubles: list[str]) -> DiagnosticStatus:
        heard, age = self._hearing.last is not None, self._hearing.silence(now)
        level, text = self._input_verdict(situation, heard, age)
        if troubles and level != DiagnosticStatus.ERROR:
            text = "; ".join(([] if level == DiagnosticStatus.OK else [text]) + troubles)
            level = DiagnosticStatus.WARN
        values = {
            "topic": situation.topic,
            "publishers": situation.publishers,
            "rate": f"{self._hearing.rate:.1f} Hz",
            "age of last message": f"{age:.1f} s" if heard else "never",
            "messages refused": self._refused.total(),
            **{f"refused.{kind}": count for kind, count in sorted(self._refused.items())},
            **{f"warned.{kind}": count for kind, count in sorted(self._warned.items())},
            **{f"incompatible_qos.{policy}": count for policy, count in sorted(self._incompatible.items())},
        }
        return status(f"{name}: input", level, text, values)

    def _input_verdict(self, situation: Situation, heard: bool, age: float) -> tuple[bytes, str]:
        topic = situation.topic
        lately, misfits = self._hearing.lately, self._hearing.misfits
        if self._hearing.refusals:
            share = f"{len(self._hearing.refusals)} messages refused in the last {RECENT:g} s"
            return (DiagnosticStatus.WARN if lately else DiagnosticStatus.ERROR), f"{share}: {self._refusal_text}"
        if situation.clock_silent:
            return (
                DiagnosticStatus.WARN,
                "use_sim_time is true but /clock is silent: publish it or set use_sim_time false",
            )
        if not lately and situation.other_types:
            finding = graph_checks.other_type(topic, situation.other_types, situation.expected_type)
            return DiagnosticStatus.ERROR, finding.text
        if not lately and misfits and situation.publishers:
            return DiagnosticStatus.ERROR, graph_checks.incompatible(topic, misfits).text
        if age > RECENT:
            if not situation.publishers:
                advice = graph_checks.nobody_publishes(topic, situation.candidates).text
                return DiagnosticStatus.WARN, f"no message for {age:.0f} s: {advice}"
            return DiagnosticStatus.WARN, f"no message on {topic} for {age:.0f} s: check that the tracker runs"
        if not heard:
            return DiagnosticStatus.OK, f"waiting for the first message on {topic}"
        return DiagnosticStatus.OK, f"{self._hearing.rate:.1f} messages/s on {topic}"

    def _inference_status(self, name: str, situation: Situation, now: float) -> DiagnosticStatus:
        counters = situation.stream_counters
        skipped = counters.get("skipped_slots", 0)
        level, text = DiagnosticStatus.OK, f"{percentile(self._inference, 50)} median"
        if trouble := self._keeping_up.trouble(now, skipped, situation.max_rate, self._hearing.lately):
            level, text = DiagnosticStatus.WARN, trouble
        if now - self._dropped_at < RECENT:
            level, text = (
                DiagnosticStatus.WARN,
                f"messages dropped, {self._drops} so far: the machine is overloaded or was suspended",
            )
        if now - self._failed_at < RECENT:
            level, text = DiagnosticStatus.ERROR, f"failed, {self._failures} times so far: {self._failure_text}"
        if situation.stuck:
            level, text = (
                DiagnosticStatus.ERROR,
                f"stuck: one inference has been running for {situation.stuck:.1f} s: the device hangs or the machine is"
                " overloaded",
            )
        values = {
            "inference p50": percentile(self._inference, 50),
            "inference p95": percentile(self._inference, 95),
            "stamp to publish p50": percentile(self._latency, 50),
            "stamp to publish p95": percentile(self._latency, 95),
            "queue drops": self._drops,
            "failures": self._failures,
            **{f"stream.{key}": value for key, value in sorted(counters.items())},
            **situation.model,
        }
        return status(f"{name}: inference", level, text, values)
