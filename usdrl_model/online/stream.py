"""The online pipeline in one class: skeleton frames in, events out.

Example::

    stream = ActionStream.from_pretrained(topology="kinect_v2_25")
    for frame in frames:
        for event in stream.push(frame):
            print(event.kind, event.person, event.label, event.onset, event.score)

``push`` is ``add`` and, when a slot of ``max_rate`` is due, ``infer``. A node that must not block its callbacks calls
the two from a worker. Everything follows from the stamps of the frames, nothing from the time of arrival, so a
recording gives the same events offline and live.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from usdrl_model.checkpoints.detector_file import LoadedDetector
from usdrl_model.events.config import StreamConfig, check_window
from usdrl_model.events.onset_offset import Edge, Event
from usdrl_model.inference import load
from usdrl_model.online.crowd import Crowd, Sample
from usdrl_model.online.followed import Followed, Sighting
from usdrl_model.online.stamps import StampCourse, Verdict
from usdrl_model.online.state import StreamState
from usdrl_model.skeleton.person import SkeletonFrame, canonical
from usdrl_model.skeleton.topology import topology as find_topology
from usdrl_model.windows.neighbours import nearest
from usdrl_model.windows.track import grid_index
from usdrl_model.windows.window import Body, compose

RECENT_EVENTS = 16
"""Events kept in the state, so that a reader that looks now and then misses none."""
SEEN_JOINTS = 8
"""Valid joints that make a frame worth judging: a head and two arms."""
HELD = 512
"""Frames held until it is clear whether time has jumped: more come from no tracker in that time."""


class _Moment(NamedTuple):
    """A frame in canonical joints."""

    stamp: float
    samples: dict[str, Sample]
    sensor: tuple[float, float, float]


class ActionStream:
    """Skeleton frames in, events out.

    Args:
        weights: a loaded detector (``load.load``, ``detector_file.load``).
        topology: name of the joint set of the frames.
        config: None takes what the weights recommend.

    Raises:
        ValueError: unknown topology, or settings that reach beyond the window of the weights.
    """

    def __init__(self, weights: LoadedDetector, *, topology: str, config: StreamConfig | None = None) -> None:
        self.weights = weights
        self.topology = find_topology(topology)
        self.config = weights.config.stream if config is None else config
        check_window(self.config, weights.config.detector)
        self.labels = weights.config.detector.labels
        self.counters: Counter[str] = Counter()
        """What happened so far: frames, stale_frames, late_frames, inferences, skipped_slots; of stamps outlier_stamps,
        second_clock_frames, clock_gap_ms (no count: how far the second clock is ahead), resets; of people (``crowd``)
        duplicate_people, people_over_limit, tracks_started, tracks_lost, ids_swapped, id_jumps, leaps_refused."""
        self._seq = 0
        self._events: deque[Event] = deque(maxlen=RECENT_EVENTS)
        self._pending: list[Event] = []
        self._held: deque[_Moment] = deque(maxlen=HELD)
        """Frames of which it is not clear yet whether they are outliers or time has jumped."""
        self.reset()

    @classmethod
    def from_pretrained(
        cls,
        weights: str | Path = "default",
        *,
        topology: str,
        device: str = "auto",
        precision: str = "auto",
        config: StreamConfig | None = None,
    ) -> ActionStream:
        """Load weights (shipped name, folder or ONNX file) for inference and make a stream.

        Arguments and errors as ``load.load`` and the class.
        """
        return cls(load.load(weights, device, precision), topology=topology, config=config)

    def describe(self) -> dict[str, str]:
        """What runs: for logs, diagnostics and the published state."""
        detector = self.weights.config.detector
        return {
            **self.weights.describe(),
            "topology": self.topology.name,
            "model_rate": f"{detector.rate:g} Hz",
            "window": f"{detector.encoder.frames / detector.rate:.2f} s",
            "centre": detector.encoder.centre,
            "look_ahead": f"{self.config.look_ahead:g} s",
        }

    def check(self, config: StreamConfig) -> None:
        """Refuse settings that reach beyond the window of the weights; ValueError. Changes nothing."""
        check_window(config, self.weights.config.detector)

    def configure(self, config: StreamConfig) -> None:
        """Take other settings; people are forgotten, since their buffers follow from them. Raises as the class."""
        self.check(config)
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget all people, without events; event numbers go on rising."""
        self._refuse_held("outlier_stamps")
        self._crowd = Crowd(self._follow, self.config.max_people, self.config.max_gap, self.counters)
        self._course = StampCourse(back=self.config.reset_after, ahead=self.config.max_gap)
        self._slot: int | None = None
        self._due_slot: int | None = None

    def warm_up(self) -> None:
        """Run the model once, so that the first person does not pay for torch's first call.

        Raises:
            ValueError: its answers are no numbers, so nobody would ever be seen to do anything.
        """
        encoder = self.weights.config.detector.encoder
        window = np.random.default_rng(0).normal(0.0, 0.3, (1, encoder.frames, encoder.people, encoder.joints, 3))
        self._scores(window.astype(np.float32))

    @property
    def stamp(self) -> float:
        """The newest stamp believed, seconds; -inf before the first."""
        return self._course.newest

    def push(self, frame: SkeletonFrame) -> list[Event]:
        """Take a frame, infer if a slot is due, and return what began or ended.

        Raises:
            ValueError: a person's joints do not fit the topology, or the stamp is not finite.
        """
        believed = self._believed(frame)
        return [event for moment in believed if self._add(moment) for event in self.infer()] + self._collect()

    def add(self, frame: SkeletonFrame) -> bool:
        """Take a frame without inferring; True when an inference is due. Raises as ``push``."""
        for moment in self._believed(frame):
            self._add(moment)
        return self._due_slot is not None

    def advance(self, stamp: float) -> list[Event]:
        """Let time pass without a frame, so that people are lost when the tracker falls silent."""
        self._course.advance(stamp)
        self._expire()
        return self._collect()

    def infer(self) -> list[Event]:
        """Run the model on everybody for the newest slot, and return what began, ended or was lost."""
        if self._due_slot is None:
            return self._collect()
        self._slot, self._due_slot = self._due_slot, None
        detector = self.weights.config.detector
        end = grid_index(self.stamp, detector.rate)
        batch = []
        for person in self._crowd.people:
            bodies = self._bodies(person, end)
            seen = bodies[0][1].sum(axis=1) >= SEEN_JOINTS
            if seen.any():
                batch.append((person, bodies, seen))
        if batch:
            self.counters["inferences"] += 1
            encoder = detector.encoder
            probabilities = self._scores(compose([bodies for _, bodies, _ in batch], encoder.window))
            for (person, _, seen), frames in zip(batch, probabilities, strict=True):
                person.timeline.add(end, frames, seen)
                self._emit(person.id, person.decide(end - math.ceil(self.config.look_ahead * detector.rate)))
        return self._collect()

    def finish(self) -> list[Event]:
        """End of the recording: decide on the frames that waited for their future, and end what is going on."""
        events = self.infer()
        for person in self._crowd.people:
            if person.timeline.newest is not None:
                self._emit(person.id, person.decide(person.timeline.newest))
            self._emit(person.id, person.machine.close("offset"))
        events += self._collect()
        self.reset()
        return events

    def state(self) -> StreamState:
        """A snapshot of everything that is known now."""
        unseen = self._crowd.unseen(self.stamp)
        return StreamState(
            stamp=self.stamp if math.isfinite(self.stamp) else 0.0,
            seq=self._seq,
            people=tuple(person.state() for person in self._crowd.people if person not in unseen),
            events=tuple(self._events),
            counters=dict(self.counters),
        )

    def _believed(self, frame: SkeletonFrame) -> list[_Moment]:
        """What counts now that ``frame`` has come: the frame, nothing yet, or with it those that were held."""
        if not math.isfinite(frame.stamp):
            raise ValueError(f"expected a finite stamp in seconds, got {frame.stamp}")
        samples: dict[str, Sample] = {}
        for person in frame.people:
            if person.id in samples:
                self.counters["duplicate_people"] += 1
            else:
                samples[person.id] = canonical(person, self.topology)
        self.counters["frames"] += 1
        moment = _Moment(frame.stamp, samples, frame.sensor)
        verdict = self._course.judge(frame.stamp)
        if verdict is Verdict.ASTRAY:
            self._held.append(moment)
            return []
        if verdict is Verdict.ON_COURSE:
            self._refuse_held("second_clock_frames" if self._course.rival else "outlier_stamps")
            return [moment]
        since, until = self._course.since, moment.stamp
        believed = [held for held in self._held if since <= held.stamp <= until]
        self._held = deque((held for held in self._held if not since <= held.stamp <= until), HELD)
        self.counters["resets"] += 1
        self._lose(self._crowd.disperse())
        self.reset()
        return [*believed, moment]

    def _refuse_held(self, counted_as: str) -> None:
        if self._held:
            self.counters[counted_as] += len(self._held)
        if self._held and counted_as == "second_clock_frames":
            self.counters["clock_gap_ms"] = round(self._course.gap * 1e3)
        self._held.clear()

    def _add(self, moment: _Moment) -> bool:
        """Buffer a frame that counts; True when an inference is due."""
        if moment.samples and self.stamp - moment.stamp > max(self.config.look_ahead, 1.0 / self.config.max_rate):
            self.counters["late_frames"] += 1  # what it shows was decided without it
        self._course.advance(moment.stamp)
        self._expire()  # before the new samples: who was away for too long is somebody new
        self._lose(self._crowd.take(moment.stamp, moment.samples, moment.sensor))
        slot = grid_index(self.stamp, self.config.max_rate)
        if self._slot is None or slot > self._slot:
            # The first frame fixes the phase; slots that passed while the model was busy are gone.
            if self._due_slot is not None and slot > self._due_slot:
                self.counters["skipped_slots"] += 1
            self._due_slot = slot
        return self._due_slot is not None

    def _expire(self) -> None:
        self._lose(self._crowd.expire(self.stamp))
        self._lose(self._crowd.unseen(self.stamp))

    def _lose(self, people: Sequence[Followed]) -> None:
        for person in people:
            self._emit(person.id, person.machine.close("lost"))

    def _follow(self, name: str, sighting: Sighting) -> Followed:
        return Followed(name, sighting, self.weights.config.detector, self.config)

    def _bodies(self, person: Followed, end: int) -> list[Body]:
        """The person and, if the model looks at more than one, their nearest others, up to grid frame ``end``."""
        encoder = self.weights.config.detector.encoder
        body = person.track.window(encoder.frames, end)
        if encoder.people == 1:
            return [body]
        others = [other.track.window(encoder.frames, end) for other in self._crowd.people if other is not person]
        return [body, *nearest(body, others, encoder.people - 1)]

    def _scores(self, windows: np.ndarray) -> np.ndarray:
        return load.probabilities(self.weights, windows)

    def _emit(self, person: str, edges: list[Edge]) -> None:
        for edge in edges:
            self._seq += 1
            event = Event(
                kind=edge.kind,
                seq=self._seq,
                person=person,
                label=edge.label,
                onset=edge.onset,
                offset=edge.offset,
                score=edge.score,
                stamp=self.stamp,
            )
            self._events.append(event)
            self._pending.append(event)

    def _collect(self) -> list[Event]:
        events, self._pending = self._pending, []
        return events
