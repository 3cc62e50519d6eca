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
from pathlib import Path

import numpy as np
import torch

from usdrl_model import checkpoint, inference
from usdrl_model.events import ActionMachine, Edge, Event
from usdrl_model.skeleton import HEAD, SPINE_MID, SkeletonFrame, canonical
from usdrl_model.stream_config import ActionState, PersonState, StreamConfig, StreamState
from usdrl_model.timeline import Timeline
from usdrl_model.topology import topology as find_topology
from usdrl_model.tracks import Track
from usdrl_model.window import NEAR, compose

__all__ = ["ActionState", "ActionStream", "PersonState", "StreamConfig", "StreamState"]

RECENT_EVENTS = 16
"""Events kept in the state, so that a reader that looks now and then misses none."""
TOP = 5
SEEN_JOINTS = 8
"""Valid joints that make a frame worth judging: a head and two arms."""


class _Person:
    """One track with its posteriors and its machine."""

    def __init__(self, id: str, stream: ActionStream) -> None:  # noqa: A002 (the field's word)
        config, detector = stream.config, stream.weights.config.detector
        frames = detector.encoder.frames
        # The timeline keeps as many frames behind the decision as windows may still speak about.
        capacity = 2 * frames
        smoothing = max(1, round(config.smoothing * detector.rate) // 2 * 2 + 1)
        self.track = Track(detector.rate, capacity, id)
        self.timeline = Timeline(len(detector.labels), frames, capacity, smoothing)
        self.machine = ActionMachine(detector.labels, config.events)
        self.decided: int | None = None
        """Grid index of the last frame the machine went over."""
        self.posterior: np.ndarray | None = None
        """(K,) of that frame."""


class ActionStream:
    """Skeleton frames in, events out.

    Args:
        weights: a loaded detector (``inference.load``, ``checkpoint.load``).
        topology: name of the joint set of the frames.
        config: None takes what the weights recommend.

    Raises:
        ValueError: unknown topology.
    """

    def __init__(self, weights: checkpoint.Weights, *, topology: str, config: StreamConfig | None = None) -> None:
        self.weights = weights
        self.topology = find_topology(topology)
        self.config = weights.config.stream if config is None else config
        self.labels = weights.config.detector.labels
        self.counters: Counter[str] = Counter()
        """What happened so far: frames, stale_frames, resets, duplicate_people, people_over_limit, tracks_started,
        tracks_lost, inferences, skipped_slots."""
        self._seq = 0
        self._events: deque[Event] = deque(maxlen=RECENT_EVENTS)
        self._pending: list[Event] = []
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

        Arguments and errors as ``inference.load`` and the class.
        """
        return cls(inference.load(weights, device, precision), topology=topology, config=config)

    def describe(self) -> dict[str, str]:
        """What runs: for logs, diagnostics and the published state."""
        detector = self.weights.config.detector
        return {
            "weights": self.weights.name,
            "hash": self.weights.sha256[:12],
            "device": str(self.weights.device),
            "precision": self.weights.precision,
            "runtime": self.weights.runtime,
            "topology": self.topology.name,
            "model_rate": f"{detector.rate:g} Hz",
            "window": f"{detector.encoder.frames / detector.rate:.2f} s",
            "centre": detector.encoder.centre,
            "look_ahead": f"{self.config.look_ahead:g} s",
        }

    def configure(self, config: StreamConfig) -> None:
        """Take other settings; people are forgotten, since their buffers follow from the settings."""
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget all people, without events; event numbers go on rising."""
        self._people: dict[str, _Person] = {}
        self._newest = -math.inf
        self._slot: int | None = None
        self._due_slot: int | None = None

    def warm_up(self) -> None:
        """Run the model once, so that the first person does not pay for torch's first call."""
        encoder = self.weights.config.detector.encoder
        self._scores(np.zeros((1, encoder.frames, encoder.people, encoder.joints, 3), np.float32))

    def push(self, frame: SkeletonFrame) -> list[Event]:
        """Take a frame, infer if a slot is due, and return what began or ended.

        Raises:
            ValueError: a person's joints do not fit the topology, or the stamp is not finite.
        """
        return self.infer() if self.add(frame) else []

    def add(self, frame: SkeletonFrame) -> bool:
        """Take a frame without inferring; True when an inference is due. Raises as ``push``."""
        if not math.isfinite(frame.stamp):
            raise ValueError(f"expected a finite stamp in seconds, got {frame.stamp}")
        samples = {}
        for person in frame.people:
            if person.id in samples:
                self.counters["duplicate_people"] += 1
            else:
                samples[person.id] = canonical(person, self.topology)

        self.counters["frames"] += 1
        if frame.stamp < self._newest - self.config.reset_after:
            self.counters["resets"] += 1
            self._lose(list(self._people))
            self.reset()
        self._newest = max(self._newest, frame.stamp)
        self._expire()  # before the new samples: who was away for too long is somebody new
        taken = [self._take(id_, frame.stamp, *sample) for id_, sample in samples.items()]
        if samples and not any(taken):
            self.counters["stale_frames"] += 1

        slot = math.floor(self._newest * self.config.max_rate)
        if self._slot is None or slot > self._slot:
            # The first frame fixes the phase; slots that passed while the model was busy are gone.
            if self._due_slot is not None and slot > self._due_slot:
                self.counters["skipped_slots"] += 1
            self._due_slot = slot
        return self._due_slot is not None

    def advance(self, stamp: float) -> list[Event]:
        """Let time pass without a frame, so that people are lost when the tracker falls silent."""
        self._newest = max(self._newest, stamp)
        self._expire()
        return self._collect()

    def infer(self) -> list[Event]:
        """Run the model on everybody for the newest slot, and return what began, ended or was lost."""
        if self._due_slot is None:
            return self._collect()
        self._slot, self._due_slot = self._due_slot, None
        detector = self.weights.config.detector
        end = math.floor(self._newest * detector.rate)
        batch = []
        for person in self._people.values():
            joints, mask = person.track.window(detector.encoder.frames, end)
            seen = mask.sum(axis=1) >= SEEN_JOINTS
            if seen.any():
                batch.append((person, self._window(person, joints, mask, end), seen))
        if batch:
            self.counters["inferences"] += 1
            probabilities = self._scores(np.stack([window for _, window, _ in batch]))
            for (person, _, seen), frames in zip(batch, probabilities, strict=True):
                person.timeline.add(end, frames, seen)
                self._decide(person, end - math.ceil(self.config.look_ahead * detector.rate))
        return self._collect()

    def finish(self) -> list[Event]:
        """End of the recording: decide on the frames that waited for their future, and end what is going on."""
        events = self.infer()
        for person in self._people.values():
            if person.timeline.newest is not None:
                self._decide(person, person.timeline.newest)
            self._emit(person.track.id, person.machine.close("offset"))
        events += self._collect()
        self.reset()
        return events

    def state(self) -> StreamState:
        """A snapshot of everything that is known now."""
        return StreamState(
            stamp=self._newest if math.isfinite(self._newest) else 0.0,
            seq=self._seq,
            people=tuple(self._person_state(person) for person in self._people.values() if person.track.joints.any()),
            events=tuple(self._events),
            counters=dict(self.counters),
        )

    def _take(self, id_: str, stamp: float, joints: np.ndarray, confidence: np.ndarray) -> bool:
        """Append a sample to the person's track; False if it is not newer than what is there."""
        person = self._people.get(id_)
        if person is None:
            if len(self._people) >= self.config.max_people:
                self.counters["people_over_limit"] += 1
                return True
            self.counters["tracks_started"] += 1
            person = self._people[id_] = _Person(id_, self)
        if stamp <= person.track.last_stamp:
            return False
        person.track.add(stamp, joints, confidence)
        return True

    def _expire(self) -> None:
        limit = self._newest - self.config.max_gap
        self._lose([id_ for id_, person in self._people.items() if person.track.last_stamp < limit])

    def _lose(self, ids: list[str]) -> None:
        for id_ in ids:
            self.counters["tracks_lost"] += 1
            self._emit(id_, self._people.pop(id_).machine.close("lost"))

    def _window(self, person: _Person, joints: np.ndarray, mask: np.ndarray, end: int) -> np.ndarray:
        """(T, M, V, 3): the person, then the nearest others if the model looks at more than one, then zeros."""
        encoder = self.weights.config.detector.encoder
        place = person.track.joints[SPINE_MID]
        others = [
            (float(np.linalg.norm(other.track.joints[SPINE_MID] - place)), other)
            for other in self._people.values()
            if other is not person and encoder.people > 1
        ]
        near = [other for gap, other in sorted(others, key=lambda pair: pair[0]) if gap < NEAR][: encoder.people - 1]
        windows = [other.track.window(encoder.frames, end) for other in near]
        return compose(joints, mask, windows, encoder.people, encoder.centre)

    def _scores(self, windows: np.ndarray) -> np.ndarray:
        """(N, T, K) probabilities of every frame."""
        with torch.inference_mode():
            logits = self.weights.detector(torch.from_numpy(windows).to(self.weights.device)).frames
            return logits.float().softmax(dim=-1).cpu().numpy()

    def _decide(self, person: _Person, last: int) -> None:
        """Let the person's machine go on to grid frame ``last``."""
        rate = self.weights.config.detector.rate
        first = math.floor(person.track.first_stamp * rate) if person.decided is None else person.decided + 1
        first = max(first, last - self.weights.config.detector.encoder.frames + 1)
        if last < first:
            return
        for index, posterior in enumerate(person.timeline.posterior(first, last), start=first):
            # An unseen frame says neither yes nor no: the machine waits for the person to come back.
            if not np.isnan(posterior[0]):
                person.posterior = posterior
                self._emit(person.track.id, person.machine.step(index / rate, posterior))
        person.decided = last

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
                stamp=self._newest,
            )
            self._events.append(event)
            self._pending.append(event)

    def _collect(self) -> list[Event]:
        events, self._pending = self._pending, []
        return events

    def _person_state(self, person: _Person) -> PersonState:
        track = person.track
        valid = track.confidence > 0.0
        joints = np.where(valid[:, None], track.joints, np.nan)
        highest = HEAD if valid[HEAD] else int(np.argmax(np.where(valid, track.joints[:, 1], -np.inf)))
        x, y, z = (float(value) for value in track.joints[highest])
        actions = [
            ActionState(label=label, active=run.active, score=run.score, onset=run.onset)
            for label, run in person.machine.runs.items()
        ]
        top: tuple[tuple[str, float], ...] = ()
        if person.posterior is not None:
            best = np.argsort(person.posterior)[::-1][:TOP]
            top = tuple((self.labels[index], float(person.posterior[index])) for index in best)
        return PersonState(
            id=track.id,
            position=(x, y, z),
            joints=joints,
            first_seen=track.first_stamp,
            last_seen=track.last_stamp,
            actions=tuple(sorted(actions, key=lambda action: (not action.active, -action.score))),
            top=top,
            valid_joints=float(valid.mean()),
        )
