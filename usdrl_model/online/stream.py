"""The online pipeline in one class, ``ActionStream``: skeleton frames in, events out.

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
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.events.config import StreamConfig, check_window
from usdrl_model.events.onset_offset import ActionMachine, Event
from usdrl_model.events.people import PersonEvent, Reason
from usdrl_model.gestures.recogniser import PersonGestures, Recogniser
from usdrl_model.inference import load
from usdrl_model.online.association import Memory, solver
from usdrl_model.online.companion import Companion
from usdrl_model.online.crowd import Crowd
from usdrl_model.online.decisions import Decisions
from usdrl_model.online.event_log import EventLog
from usdrl_model.online.frame_filter import CanonicalFrame, FrameFilter
from usdrl_model.online.gesture_actions import GestureActions
from usdrl_model.online.incremental import Incremental
from usdrl_model.online.pair_actions import PairActions
from usdrl_model.online.state import StreamState
from usdrl_model.online.tracked_person import Sighting, TrackedPerson
from usdrl_model.online.windowed import Answered, Windowed
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.topology import topology as find_topology
from usdrl_model.states.config import StatesConfig
from usdrl_model.windows.track import ON_GRID, grid_index


class ActionStream:
    """Skeleton frames in, events out.

    Args:
        weights: a loaded detector (``load.load``, ``detector_file.load``).
        topology: name of the joint set of the frames.
        config: None takes what the weights recommend.
        states: settings of the states by geometry; None takes the defaults.
        pairs: a detector of two people, asked besides where somebody is near (``pair_actions``); None: none.
        machine: makes what decides on the actions of a person, from their name; None: machines as ``config`` says.

    Raises:
        ValueError: unknown topology, settings that ``check`` refuses, or pairs that do not fit beside them.
    """

    def __init__(
        self,
        weights: LoadedDetector,
        *,
        topology: str,
        config: StreamConfig | None = None,
        states: StatesConfig | None = None,
        pairs: LoadedDetector | None = None,
        machine: Callable[[str], ActionMachine] | None = None,
    ) -> None:
        self.weights, self.topology = weights, find_topology(topology)
        self.config = weights.config.stream if config is None else config
        self._states, self._machine = states, machine
        self._decisions = Decisions(weights.config.detector)
        self._incremental = Incremental(weights) if weights.config.detector.streaming else None
        self.labels = weights.config.detector.labels
        self.counters: Counter[str] = Counter()
        """Counts since the start: frames, stale_frames, late_frames, inferences, skipped_slots, pair_inferences; of
        stamps outlier_stamps, second_clock_frames, clock_gap_ms (how far ahead), resets; of people duplicate_people,
        people_over_limit, tracks_started, tracks_lost, ids_swapped, id_jumps, leaps_refused, ids_renewed."""
        self._pairs = None if pairs is None else PairActions(pairs, weights.config.detector, self.counters)
        self.pair_weights, self.pair_labels = pairs, self._pairs.labels if self._pairs else ()
        self.told = dict.fromkeys(self.labels, weights.name) | {one: pairs.name for one in self.pair_labels if pairs}
        """What it tells beside gestures: label -> name of the weights that tell it."""
        self.check(self.config)
        self.gestures: GestureActions | None = None
        """Enrolled gestures, see ``recognise``."""
        self._log = EventLog()
        self.frames = FrameFilter(self.topology, self.counters, weights.config.detector.encoder)
        """Which frames count, by their stamps."""
        self.reset(anew=True)

    @classmethod
    def from_pretrained(
        cls,
        weights: str | Path = "default",
        *,
        topology: str,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        cuda_graphs: bool | None = None,
        config: StreamConfig | None = None,
        states: StatesConfig | None = None,
        pairs: str | Path = "",
    ) -> ActionStream:
        """Load weights (shipped name, folder or ONNX file), and those of pairs, for inference and make a stream.

        Arguments and errors as ``load.load`` and the class.
        """
        one = load.load(weights, device, precision, cuda_graphs=cuda_graphs, threads=threads)
        two = load.load(pairs, device, cuda_graphs=cuda_graphs, threads=threads) if pairs else None
        return cls(one, topology=topology, config=config, states=states, pairs=two)

    def describe(self) -> dict[str, str]:
        """Weights, device, precision and window, for logs, diagnostics and the published state."""
        detector, advice = self.weights.config.detector, load.advice(self.weights, self.config.max_people)
        return {
            **self.weights.describe(),
            **({"advice": advice} if advice else {}),
            "topology": self.topology.name,
            "model_rate": f"{detector.rate:g} Hz",
            "window": "frame by frame" if detector.streaming else f"{detector.encoder.frames / detector.rate:.2f} s",
            # A streaming detector centres every frame, whatever its training windows are centred on.
            "centre": "frame" if detector.streaming else detector.encoder.centre,
            "look_ahead": f"{self.config.look_ahead:g} s",
            "joints": "in a picture" if detector.encoder.flat else "in space",
            "people": str(detector.encoder.people),
            **({"pair_weights": self._pairs.weights.name} if self._pairs else {}),
        }

    def check(self, config: StreamConfig) -> None:
        """Raise ValueError for settings that the weights or this machine cannot run; change nothing. Thread-safe."""
        check_window(config, self.weights.config.detector)
        if config.ids == "own":
            solver()
        if self._pairs is not None:
            self._pairs.check(config)

    def configure(self, config: StreamConfig) -> None:
        """Change the settings and reset, because buffers depend on them. Raises as ``check``."""
        self.check(config)
        self.config = config
        self.reset()

    def reset(self, *, anew: bool = False) -> None:
        """Forget all people, without events; event numbers continue. ``anew``: also where ``ids: own`` saw them."""
        if anew:
            self._memory = Memory()
        self.frames.restart(back=self.config.reset_after, ahead=self.config.max_gap)
        self._crowd = Crowd(self._follow, self.config, self.counters, self._memory)
        self._robot = Companion(self.weights.config.detector.rate, self.config.max_gap)
        self._windowed = Windowed(self.weights)
        self._slot: int | None = None
        self._due_slot: int | None = None

    def warm_up(self) -> None:
        """Run the model once, because torch's first call is slow, and capture CUDA graphs for ``max_people``.

        Raises:
            ValueError: the scores are not finite, so no action could ever be detected, or graphs cannot be captured.
        """
        load.warm_up(self.weights, self.config.max_people)
        if self._pairs is not None:
            load.warm_up(self._pairs.weights, self.config.max_people)

    def recognise(self, gestures: Recogniser | None) -> None:
        """From now on recognise these enrolled gestures too; those that go on now end, and nobody's past counts.

        Raises as ``GestureActions``.
        """
        self.gestures = None if gestures is None else GestureActions(gestures, self.weights, self.told)
        for person in self._crowd.people:
            self._log.acts(person.id, person.recognise(self._following(self.stamp)), self.stamp)

    @property
    def people(self) -> tuple[TrackedPerson, ...]:
        """The people who are followed now."""
        return self._crowd.people

    @property
    def stamp(self) -> float:
        """The newest stamp believed, seconds, or that of ``advance``; -inf before the first."""
        return self.frames.stamp

    def push(self, frame: SkeletonFrame) -> list[Event]:
        """Add a frame, infer if a slot is due, and return the new events.

        Raises:
            ValueError: a person's joints do not fit the topology or have no depth, or the stamp is not finite.
        """
        self.add(frame)
        return self.infer()

    def add(self, frame: SkeletonFrame) -> bool:
        """Add a frame without inferring on it; True when an inference is due. Raises as ``push``."""
        for place, accepted in enumerate(self._accept(frame)):
            if place > 0:
                self._infer()  # after a jump of time, frames that were held until it was certain come at once
            self._add(accepted)
        return self._due_slot is not None

    def advance(self, stamp: float) -> list[Event]:
        """Let time pass without a frame, so that people are lost when the tracker falls silent."""
        self.frames.advance(stamp)
        self._expire("silent")
        return self._log.collect()

    def people_events(self) -> list[PersonEvent]:
        """Who came and went since the last call; ``push`` and the others return what people did."""
        return self._log.collect_people()

    def infer(self) -> list[Event]:
        """Run the model on all people for the newest slot, if one is due, and return the new events."""
        self._infer()
        return self._log.collect()

    def _infer(self) -> None:
        if self._due_slot is None:
            return
        self._slot, self._due_slot = self._due_slot, None
        detector = self.weights.config.detector
        end = grid_index(self.frames.newest, detector.rate)
        last = end - math.ceil(self.config.look_ahead * detector.rate - ON_GRID)
        people, robot = self._crowd.people, self._robot.at(self.stamp)
        answered: Answered | None = None
        scored: Sequence[TrackedPerson] = ()
        if self._incremental is not None:
            scored = self._incremental.advance(people, end)
        elif answered := self._windowed.advance(people, end, robot):
            scored = answered[0].people
        if scored:
            self.counters["inferences"] += 1
        for person, edges in self._decisions.advance(scored, last):
            self._log.acts(person.id, edges, self.stamp)
        if self.gestures is not None:
            for person, edges in self.gestures.step(people, end, answered):
                self._log.acts(person.id, edges, self.stamp)
        if self._pairs is not None:
            for who, edges in self._pairs.step(people, robot, end, last).items():
                self._log.acts(who, edges, self.stamp)

    def finish(self, *, anew: bool = True) -> list[Event]:
        """End of the recording: decide on the remaining frames, end all active actions, and ``reset``."""
        self._infer()
        decided = dict(self._decisions.advance(self._crowd.people))
        for person in self._crowd.people:
            edges = person.decide_pairs(grid_index(self.stamp, self.weights.config.detector.rate))
            self._log.acts(person.id, [*decided.get(person, ()), *edges, *person.close("offset")], self.stamp)
        self._log.lose(self._crowd.people, "reset", self.stamp)
        self.reset(anew=anew)
        return self._log.collect()

    def state(self) -> StreamState:
        """A snapshot of people, their actions and states, and the last events."""
        return StreamState(
            stamp=self.stamp if math.isfinite(self.stamp) else 0.0,
            seq=self._log.seq,
            people=tuple(person.state(self.stamp) for person in self._crowd.here(self.stamp)),
            events=self._log.recent,
            flat=self.frames.flat,
        )

    def _accept(self, frame: SkeletonFrame) -> list[CanonicalFrame]:
        """The frames that count now; after a jump of time, all people are lost first."""
        before, (accepted, jump) = self.stamp, self.frames.accept(frame)
        if jump:
            self._log.lose(self._crowd.disperse(back=jump < 0.0), "reset", before)
            self.reset()
        return accepted

    def _add(self, frame: CanonicalFrame) -> None:
        if frame.samples and self.stamp - frame.stamp > max(self.config.look_ahead, 1.0 / self.config.max_rate):
            self.counters["late_frames"] += 1  # its time was decided without it
        self.frames.believe(frame.stamp)
        self._expire()  # before the new samples: who was away for longer than max_gap is a new person
        self._log.lose(self._crowd.take(frame.stamp, frame.samples, frame.sensor), "gone", self.stamp)
        self._log.welcome(self._crowd.here(self.stamp), self.stamp)
        self._robot.add(frame.stamp, frame.robot)
        slot = grid_index(self.stamp, self.config.max_rate)
        if self._slot is None or slot > self._slot:
            # The first frame sets the phase; slots that passed while the model was busy are skipped.
            if self._due_slot is not None and slot > self._due_slot:
                self.counters["skipped_slots"] += 1
            self._due_slot = slot

    def _expire(self, reason: Reason = "gone") -> None:
        self._log.lose([*self._crowd.expire(self.stamp), *self._crowd.unseen(self.stamp)], reason, self.stamp)

    def _follow(self, name: str, sighting: Sighting) -> TrackedPerson:
        detector, config, flat, coarse = self.weights.config.detector, self.config, self.frames.flat, self.frames.coarse
        machine = self._machine(name) if self._machine else ActionMachine(self.labels, config.events)
        pairs, gestures = self._pairs.follow() if self._pairs else None, self._following()
        return TrackedPerson(
            name, sighting, detector, config, machine, gestures, self._states, pairs=pairs, flat=flat, coarse=coarse
        )

    def _following(self, after: float = -math.inf) -> PersonGestures:
        """The gestures of a new person, or of one of whom nothing before a stamp counts."""
        return self.gestures.known.follow(after) if self.gestures else PersonGestures()
