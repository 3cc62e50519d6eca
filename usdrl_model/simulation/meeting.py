"""Two people who meet: what is drawn for them (``encounter``), performed, with the truth of both.

>>> recording = simulate_meeting(Tracking(rate=15.0), 20.0, seed=1)
>>> sorted(person.id for person in recording.frames[0].people)
['1', '2']
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from usdrl_model.simulation.curves import ramp
from usdrl_model.simulation.encounter import LABELS, Encounter
from usdrl_model.simulation.motion import Performance
from usdrl_model.simulation.reaches import Posed, bring
from usdrl_model.simulation.stage import Interval, Track, turn_to
from usdrl_model.simulation.tracking import Tracking, track
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment

STRIDE = 0.4
"""Two steps, in body heights, about: short ones, as between people who look at each other."""


class Meeting:
    """Two people who meet; ``joints`` gives the same motion at any frame rate."""

    def __init__(self, rng: np.random.Generator, seconds: float, *, without: Collection[str] = ()) -> None:
        """Draw bodies and styles, and what they do for at least ``seconds``, ``without`` acts and interactions."""
        self.rng = rng
        self.encounter = Encounter(rng, seconds, without)
        self.people = [self._person(who) for who in (0, 1)]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.encounter.time

    def segments(self, start: float) -> list[list[Segment]]:
        """What each of them does; ``start`` is the stamp of time 0."""
        told = [Segment("", label, start + begin, start + end) for label, begin, end in self.encounter.told]
        return [told, told]

    def joints(self, times: np.ndarray) -> list[np.ndarray]:
        """(T, 30, 3) world positions of ``BODY_POINTS`` of each, the floor at height 0."""
        posed = [Posed(one.body, *one.pose(times)) for one in self.people]
        still = self.encounter.still
        if still is not None:  # as in the beginning, whenever they are asked for
            _, first = self.people[still].pose(np.zeros(1))
            for name in first.__slots__:
                getattr(posed[still].controls, name)[:] = getattr(first, name)
        bring(times, posed, self.encounter.reaches)
        return [one.joints() for one in posed]

    def _person(self, who: int) -> Performance:
        """One of them, on the way that all moves make."""
        drawn, body = self.encounter, self.encounter.bodies[who]
        way = Track(*drawn.first[who], drawn.time)
        for move in drawn.moves:
            if move.who != who:
                continue
            inside, after = (way.times >= move.start) & (way.times <= move.end), way.times > move.end
            times, place, heading = way.times[inside], way.root[inside][0], way.yaw[inside]
            step, turn = move.place - place, min(0.7, 0.5 * (move.end - move.start))
            if who != drawn.still:
                strides = max(1, math.ceil(float(np.linalg.norm(step)) / (STRIDE * body.height)))
                way.walks.append(Interval(move.start, move.end, 0.0, count=strides))
            way.root[inside] = place + ramp(times, move.start, move.end)[:, None] * step
            turned = ramp(times, move.start, move.start + turn)
            if move.ahead:
                heading = heading + turned * turn_to(heading[0], np.arctan2(-step[0], -step[1]))
                turned = ramp(times, move.end - turn, move.end)
            way.yaw[inside] = heading + turned * turn_to(heading[-1], move.yaw)
            way.root[after], way.yaw[after] = move.place, way.yaw[inside][-1]
        return Performance(self.rng, tuple(drawn.acts[who]), way, drawn.time, body)


def simulate_meeting(config: Tracking, seconds: float, seed: int, *, without: Collection[str] = ()) -> Recording:
    """Two people who meet, as a tracker sees them; what both do is labelled for both.

    Args:
        config: the tracker.
        seconds: least length.
        seed: 0 or more; decides everything.
        without: acts and interactions that nobody does.
    """
    meeting = Meeting(np.random.default_rng([seed, 2]), seconds, without=without)
    return track(
        config, seed, meeting.seconds, labels=LABELS, truth=meeting.segments(config.start), joints=meeting.joints
    )
