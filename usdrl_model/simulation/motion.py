"""One person's performance of a script: from acts to joints at any time."""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation.body import Body, Controls, Stance, joints_of, random_body
from usdrl_model.simulation.curves import ramp, slow_noise
from usdrl_model.simulation.gestures import GESTURES
from usdrl_model.simulation.moment import AHEAD, OUT, PITCH, UP, Moment, Style, random_style
from usdrl_model.simulation.poses import POSES, lie
from usdrl_model.simulation.script import ACTION_SECONDS, Script
from usdrl_model.simulation.stage import FARTHEST, NEAREST, Gait, Interval, Lane, Path, Track, stance
from usdrl_model.skeleton.segments import Segment

SEAT = (0.52, 0.86)
"""Height of spine_base on a chair as a share of that of who stands, lowest and highest."""
HANDS_ON_THE_WAY = ((0.0, -0.5, 0.6), (0.2, -0.85, -0.25), (0.0, -0.8, 0.4))
"""Reaches of both hands while a person sits down or rises."""
HANDS_AT_REST = ((-0.05, -0.72, 0.5), (-0.3, -0.75, 0.4), (0.2, -0.6, 0.35), (0.15, -0.95, 0.1))
"""Reaches of both hands on a chair: on the thighs, in the lap, on arm rests, hanging."""
ON_THE_SPOT = 0.35
"""Share of walks and runs that go nowhere."""
RUN_UP = 1.6
"""Seconds in which somebody runs up to the sensor at the end of the act: half of a shorter one."""
TAIL = 0.3
"""Seconds by which an act overlaps the next one: people start before they have finished."""


class Performance:
    """A person who performs a script; ``joints`` gives the same motion at any frame rate."""

    def __init__(
        self, rng: np.random.Generator, script: Script, way: Lane | Track, end: float, body: Body | None = None
    ) -> None:
        """Draw what is not given: body, style, a path in a lane; after the script they idle until ``end`` seconds."""
        self.script = script
        self.body: Body = random_body(rng) if body is None else body
        self.style: Style = random_style(rng)
        self.gait = Gait(
            stride=float(rng.uniform(0.8, 1.0)) * self.style.tempo,
            lift=float(rng.uniform(0.06, 0.12)),
            width=float(rng.uniform(1.1, 1.7)) * self.body.hip_half,
            toes_out=float(rng.uniform(0.05, 0.25)),
        )
        self.starts = np.cumsum([0.0, *(act.seconds for act in script)])
        walks: list[Interval] = []
        for act, begin in zip(script, self.starts[:-1], strict=True):
            if act.action in ("walk", "run", "carry"):
                walks.append(_walk(rng, act.action, begin, begin + act.seconds))
            elif act.action == "come_running":
                walks += _come_running(begin, begin + act.seconds)
        self.seat = float(rng.uniform(*SEAT)) * self.body.standing_pelvis
        self.path = way if isinstance(way, Track) else Path(rng, way, walks, end)
        # Movements have a random generator of their own, which is the same at every call.
        self._seed = int(rng.integers(2**63))

    def segments(self, person: str, start: float) -> list[Segment]:
        """Ground truth: the labelled acts; ``start`` is the stamp of time 0."""
        return [
            Segment(person, act.action, start + float(begin), start + float(begin) + act.seconds)
            for act, begin in zip(self.script, self.starts[:-1], strict=True)
            if act.action in ACTION_SECONDS
        ]

    def joints(self, times: np.ndarray) -> np.ndarray:
        """(T, 30, 3) world positions of ``BODY_POINTS`` at rising ``times``, the floor at height 0."""
        return joints_of(self.body, *self.pose(times))

    def pose(self, times: np.ndarray) -> tuple[Stance, Controls]:
        """What ``joints`` are made of: where the person stands, and how."""
        rng = np.random.default_rng(self._seed)
        feet, phase, walking, running = stance(self.path, self.gait, self.body, times)
        controls = self._at_rest(rng, times)
        self._walk(controls, phase, walking, running)
        self._sit(rng, controls, times)
        lie(self.body, self.script, self.starts, controls, times)
        for act, begin in zip(self.script, self.starts[:-1], strict=True):
            first, last = np.searchsorted(times, [begin, begin + act.seconds + TAIL])
            now = controls.between(int(first), int(last))
            moment = Moment(rng, self.style, times[first:last] - begin, act.seconds + TAIL, now.copy())
            weight = (GESTURES | POSES)[act.action](moment)
            now.towards(moment.controls, weight)
        return feet, controls

    def _at_rest(self, rng: np.random.Generator, times: np.ndarray) -> Controls:
        """Standing with hanging arms and a slight sway."""
        count = len(times)
        wrists = np.array([0.12, -0.97, 0.08]) + rng.normal(0.0, 0.02, (2, 3))
        controls = Controls(
            pelvis=np.zeros((count, 3)),
            trunk=np.tile([self.style.slouch, 0.0, 0.0], (count, 1)),
            head=np.zeros((count, 2)),
            wrists=np.tile(wrists, (count, 1, 1)),
            elbows=np.tile([0.6, -0.3, -0.7], (count, 2, 1)),
            feet=np.zeros((count, 2, 3)),
        )
        controls.pelvis += slow_noise(rng, times, 3) * [0.012, 0.002, 0.008]
        controls.trunk += slow_noise(rng, times, 3) * [0.015, 0.01, 0.03]
        controls.head += slow_noise(rng, times, 2) * [0.05, 0.1]
        controls.wrists += slow_noise(rng, times, 6, fastest=1.0).reshape(-1, 2, 3) * 0.018
        return controls

    def _walk(self, controls: Controls, phase: np.ndarray, walking: np.ndarray, running: np.ndarray) -> None:
        """Arms swing opposite to the legs, bent in running; hips and shoulders rotate in opposite directions."""
        swing = np.cos(phase) * walking
        forward = np.stack([swing, -swing], axis=1) * (1.0 + 0.6 * running)[:, None]
        bent = np.array([-0.05, -0.55, 0.3]) - controls.wrists
        controls.wrists += bent * running[:, None, None]
        controls.wrists[..., AHEAD] += self.style.arm_swing * forward
        controls.wrists[..., UP] += 0.25 * self.style.arm_swing * np.abs(forward)
        controls.wrists[..., OUT] -= 0.05 * walking[:, None]
        controls.pelvis[:, 0] += 0.02 * np.sin(phase) * walking
        controls.pelvis[:, 1] += 0.03 * np.cos(2.0 * phase) * running
        controls.trunk[:, 2] -= 0.08 * swing
        controls.trunk[:, PITCH] += 0.04 * walking + 0.08 * running

    def _sit(self, rng: np.random.Generator, controls: Controls, times: np.ndarray) -> None:
        """On the chair from every sit_down to the next stand_up; the trunk bends forward on the way."""
        seated = np.zeros(len(times))
        for act, begin in zip(self.script, self.starts[:-1], strict=True):
            if act.action not in ("sit_down", "stand_up"):
                continue
            share = ramp(times, begin, begin + act.seconds)
            seated += share if act.action == "sit_down" else -share
            # The trunk bends first when rising, and most just before the seat when sitting down.
            late = rng.uniform(0.0, 0.2) * (1.0 if act.action == "sit_down" else -1.0)
            bump = np.sin(np.pi * ramp(times, begin + late * act.seconds, begin + (1.0 + late) * act.seconds))
            controls.trunk[:, PITCH] += rng.uniform(0.1, 1.1) * bump
            # Hands swing to the front, feel for the seat or lean on the knees.
            place = HANDS_ON_THE_WAY[int(rng.integers(len(HANDS_ON_THE_WAY)))]
            controls.wrists += rng.uniform(0.0, 1.0) * bump[:, None, None] * (np.array(place) - controls.wrists)
        low = (self.body.standing_pelvis - self.seat) / self.body.leg
        chair = controls.copy()
        chair.pelvis[:, 1] -= low
        chair.pelvis[:, 2] -= 0.85 * self.body.thigh
        chair.trunk[:, PITCH] += rng.uniform(-0.3, 0.2)
        # Resting hands keep part of the sway of hanging hands, but not their position.
        rest = np.array(HANDS_AT_REST[int(rng.integers(len(HANDS_AT_REST)))]) + rng.normal(0.0, 0.05, 3)
        chair.wrists[:] = rest + 0.3 * (controls.wrists - controls.wrists.mean(axis=0))
        chair.elbows[:] = [0.7, -0.3, -0.7]
        controls.towards(chair, seated)


def _walk(rng: np.random.Generator, action: str, start: float, end: float) -> Interval:
    """How fast and with which steps somebody walks, carries or runs."""
    pace = {"walk": 1.0, "carry": 0.85, "run": 1.7}[action] * float(rng.uniform(0.6, 1.3))
    stays = action != "carry" and rng.random() < ON_THE_SPOT
    lift = float(rng.uniform(1.0, 4.0)) if stays or action == "run" else 1.0
    return Interval(start, end, 0.0 if stays else pace, strides=pace**0.5, lift=lift, running=float(action == "run"))


def _come_running(start: float, end: float) -> list[Interval]:
    """Backwards, for room to run, and from there straight up to the sensor: a way on which nothing is drawn."""
    turn = end - min(RUN_UP, 0.5 * (end - start))
    return [
        Interval(start, turn, 1.5, distance=FARTHEST),
        Interval(turn, end, 3.0, strides=3.0**0.5, lift=2.0, running=1.0, distance=NEAREST),
    ]
