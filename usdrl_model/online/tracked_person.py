"""One tracked person: their frames, posteriors, actions and states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import ActionMachine, Edge, EventKind
from usdrl_model.events.posterior import Timeline, hann_length
from usdrl_model.gestures.recogniser import PersonGestures
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.person_pairs import PersonPairs
from usdrl_model.online.state import ActionState, PersonState
from usdrl_model.skeleton.person import SEEN_JOINTS
from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_model.states.config import StatesConfig
from usdrl_model.states.measures import measure
from usdrl_model.states.person import PersonStates, States
from usdrl_model.windows.track import MAX_JOINT_GAP, WINDOWS_KEPT, Track, grid_index
from usdrl_model.windows.window import Body

PLACES = tuple(JOINT_INDEX[name] for name in (
    "head", "neck", "spine_shoulder", "shoulder_left", "shoulder_right",
    "spine_mid", "spine_base", "hip_left", "hip_right",
))  # fmt: skip
"""Joints of which the first that is seen says where somebody is: arms and legs move while their owner stands still."""
TOP = 5
"""Labels in ``PersonState.top``."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One person in one frame."""

    stamp: float
    """Seconds."""
    joints: np.ndarray
    """(25, 3) canonical joints, metres."""
    confidence: np.ndarray
    """(25,), 0 where invalid."""
    sensor: np.ndarray
    """(3,) position of the sensor in the frame of the joints, metres."""

    @property
    def range(self) -> float:
        """Metres from the sensor; infinite without a valid joint."""
        valid = self.confidence > 0.0
        return float(np.linalg.norm(self.joints[valid].mean(axis=0) - self.sensor)) if valid.any() else math.inf

    def distances(self, later: Sighting) -> tuple[np.ndarray, np.ndarray]:
        """(J,) metres to ``later`` of the joints valid in both, and (J,) the stamp of this sighting."""
        shared = (self.confidence > 0.0) & (later.confidence > 0.0)
        distance = np.linalg.norm(later.joints[shared] - self.joints[shared], axis=1)
        return distance, np.full(len(distance), self.stamp)


class TrackedPerson:
    """A track with its posteriors, its state machines and its states.

    Args:
        id: the name under which the person is published.
        sighting: the first one.
        detector: configuration of the detector.
        config: settings of the pipeline.
        machine: decides on the actions of this person.
        gestures: the enrolled gestures of this person.
        states: settings of the states.
        pairs: what they do with others; None where nobody asks.
        flat: the joints are in a picture, so that nobody knows where the person is.
        coarse: the joints are as coarse as pixels.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 (the field's word)
        sighting: Sighting,
        detector: DetectorConfig,
        config: StreamConfig,
        machine: ActionMachine,
        gestures: PersonGestures,
        states: StatesConfig | None = None,
        *,
        pairs: PersonPairs | None = None,
        flat: bool = False,
        coarse: bool = False,
    ) -> None:
        frames = detector.encoder.frames
        capacity = max(WINDOWS_KEPT * frames, pairs.frames if pairs else 0)
        smoothing = hann_length(config.smoothing, detector.rate)
        self.track = Track(detector.rate, capacity, id, coarse=coarse)
        told = 1 if detector.streaming else frames  # a streaming detector tells of one frame at a time
        self.timeline = Timeline(len(detector.labels), told, capacity, smoothing)
        self.machine = machine
        self.gestures = gestures
        self.pairs = pairs
        self._new_states = partial(PersonStates, states, flat=flat)
        self.states = self._new_states()
        self._flat = flat
        self._placed = sighting
        """The last one that says where they are."""
        self._unmeasured: list[Sighting] = []
        """Those that the states have not seen; ``follow_states``."""
        self.stray: Sighting | None = None
        """The last sighting under this id, if it was too far away to be this person."""
        self.came: float | None = None
        """Stamp since when the person is among the people of the state; None while they are not seen."""
        self.again = False
        """The person had left, frozen, and may be back under the same name."""
        self.ring: np.ndarray | None = None
        """(S,) what a streaming detector keeps of this person; None: nothing yet."""
        self.stepped: int | None = None
        """Grid index of the newest frame that it has taken."""
        self._detector = detector
        self.patience = round(config.max_gap * detector.rate)
        """Grid frames without a judgement after which nothing goes on."""
        self._decided: int | None = None
        self._judged: int | None = None
        """The newest frame with a posterior."""
        self._posterior: np.ndarray | None = None
        self._withheld: tuple[str, ...] = ()
        self.add(sighting)

    @property
    def id(self) -> str:
        """The name under which the person is published."""
        return self.track.id

    @property
    def away(self) -> float:
        """Metres from the sensor, where a joint was valid last."""
        return self._placed.range

    @property
    def placed(self) -> float:
        """Stamp of the newest sighting with a valid joint, frozen or not."""
        return self._placed.stamp

    def seen(self, oldest: float) -> bool:
        """Whether a joint has been valid, and not frozen, since that stamp."""
        return self.track.seen_stamp >= oldest

    def enter(self) -> float:
        """Be among the people of the state; the stamp since when."""
        self.came = self.sighting.stamp if self.again else self.track.first_stamp
        return self.came

    def leave(self) -> None:
        """Be seen no more; whoever comes back is told of without what was before."""
        self.came, self.again = None, True
        self.states = self._new_states()
        self._posterior, self._judged, self._withheld = None, None, ()
        self.ring, self.stepped = None, self.track.newest

    def add(self, sighting: Sighting) -> None:
        """Add the next sighting; ValueError if it is not later than the last one."""
        self.track.add(sighting.stamp, sighting.joints, sighting.confidence)
        self._unmeasured.append(replace(sighting, joints=self.track.joints, confidence=self.track.confidence))
        self.sighting = sighting
        if (sighting.confidence > 0.0).any():
            self._placed = sighting

    def unmeasured(self) -> list[Sighting]:
        """What was added since the last call, with the joints that are believed."""
        frames, self._unmeasured = self._unmeasured, []
        return frames

    def distances(self, sighting: Sighting, from_sensor: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """(J,) metres from the last valid position of each joint to the sighting, and (J,) the stamps of those.

        Args:
            sighting: the next one; joints that are invalid in it are left out.
            from_sensor: relative to the sensor, which may have moved since the last sighting.
        """
        moved = sighting.sensor - self.sighting.sensor if from_sensor else np.zeros(3)
        return self.track.distances(sighting.joints - moved, sighting.confidence)

    def body(self, end: int, frames: int) -> Body:
        """So many frames up to grid frame ``end``, seen from the sensor where the model takes pictures."""
        joints, mask = self.track.window(frames, end)
        return (joints - np.float32(self.sighting.sensor) if self._detector.encoder.flat else joints), mask

    def undecided(self, last: int | None = None) -> range:
        """Grid frames that have scores and are not decided yet, up to ``last`` where it is given."""
        newest = self.timeline.newest
        if newest is None or self.came is None:
            return range(0)
        last = newest if last is None else min(last, newest)
        first = grid_index(self.came, self._detector.rate)
        first = first if self._decided is None else max(first, self._decided + 1)
        return range(max(first, last - self._detector.encoder.frames + 1), last + 1)

    def decide(self, frames: range, posteriors: np.ndarray, withheld: np.ndarray) -> list[Edge]:
        """Advance the state machines by the posteriors (L, K) of ``undecided`` frames; (K,) bool, what is withheld."""
        edges = []
        for index, posterior in zip(frames, posteriors, strict=True):
            # A frame in which the person was not seen is skipped: it is no evidence for or against an action.
            if not np.isnan(posterior[0]):
                self._posterior, self._judged = posterior, index
                edges += self.machine.step(index / self._detector.rate, posterior)
            elif self._judged is not None and index - self._judged > self.patience:  # too few joints, for too long
                self._posterior = None
                edges += self.machine.step(index / self._detector.rate, np.zeros_like(posterior))
        self._decided = frames[-1]
        self._withheld = tuple(self._detector.labels[index] for index in np.flatnonzero(withheld))
        return edges

    def decide_pairs(self, last: int) -> list[Edge]:
        """The same of what they do with others."""
        if self.pairs is None or self.came is None:
            return []
        return self.pairs.decide(grid_index(self.came, self._detector.rate), last, self.patience)

    def recognise(self, gestures: PersonGestures) -> list[Edge]:
        """Go on with other gestures; the edges of those that end."""
        ended = self.gestures.close("offset")
        self.gestures = gestures
        return ended

    def close(self, kind: EventKind) -> list[Edge]:
        """End all active actions and gestures."""
        return self.machine.close(kind) + self.gestures.close(kind) + (self.pairs.close(kind) if self.pairs else [])

    def since(self, stamp: float) -> Body:
        """``body`` from a stamp to the newest frame.

        Raises:
            ValueError: it is longer ago than the frames that are kept.
        """
        rate, newest = self._detector.rate, self.track.newest or 0
        frames = newest - math.ceil(stamp * rate) + 1
        if frames > self.track.capacity:
            most = self.track.capacity / rate
            raise ValueError(
                f"expected at most {most:.1f} s between start and stop, got {frames / rate:.1f} s: begin again"
            )
        return self.body(newest, max(frames, 0))

    def state(self, now: float) -> PersonState:
        """A snapshot at a stamp: who has not been sent for ``MAX_JOINT_GAP`` has no joints any more."""
        track = self.track
        absent = now - track.last_stamp > MAX_JOINT_GAP
        valid = (track.confidence > 0.0) & (not absent)
        joints = np.where(valid[:, None], track.joints, np.nan)
        known, there = track.recent(now)
        place = next((joint for joint in (*PLACES, *np.flatnonzero(there)) if there[joint]), None)
        placed = place is not None and not self._flat
        x, y, z = (float(value) for value in known[place]) if placed else (math.nan,) * 3
        left, _, ahead = np.array([x, y, z]) - self.sighting.sensor
        actions = [
            ActionState(label=label, active=run.active, score=run.score, onset=run.onset)
            for runs in (self.machine.runs, self.gestures.runs, self.pairs.runs if self.pairs else {})
            for label, run in runs.items()
        ]
        top: tuple[tuple[str, float], ...] = ()
        if self._posterior is not None:
            best = np.argsort(self._posterior)[::-1][:TOP]
            top = tuple((self._detector.labels[index], float(self._posterior[index])) for index in best)
        return PersonState(
            id=track.id,
            position=(x, y, z),
            distance=math.hypot(left, ahead),
            bearing=math.degrees(math.atan2(left, ahead)),
            joints=joints,
            last_seen=track.last_stamp,
            actions=tuple(sorted(actions, key=lambda action: (not action.active, -action.score))),
            top=top,
            valid_joints=float(valid.mean()),
            states=States() if absent else self.states.snapshot(),
            withheld=self._withheld if self._judgeable() else self._labels,
        )

    @property
    def _labels(self) -> tuple[str, ...]:
        """All that can be told of them, pairs and gestures too."""
        return (*self._detector.labels[1:], *(self.pairs.labels if self.pairs else ()), *self.gestures.labels)

    def _judgeable(self) -> bool:
        """Whether enough joints were seen lately in any frame of the grid, or in the newest that was sent."""
        newest, seen = self.track.newest, int((self.track.confidence > 0.0).sum())
        if newest is not None and seen < SEEN_JOINTS:
            seen = int(self.track.mask(self.patience + 1, newest).sum(axis=1).max())
        return seen >= SEEN_JOINTS


def follow_states(people: Sequence[TrackedPerson]) -> None:
    """Give the states of all people what was added since the last call; all is measured at once, which is faster."""
    frames = [(person, frame) for person in people for frame in person.unmeasured()]
    if not frames:
        return
    joints, confidence, sensors = (
        np.stack([getattr(frame, part) for _, frame in frames]) for part in ("joints", "confidence", "sensor")
    )
    for (person, frame), measures in zip(frames, measure(joints, confidence, sensors), strict=True):
        person.states.step(frame.stamp, measures, frame.joints, frame.confidence)
