"""What two people who face each other do with their hands: where each hand goes, and when.

Who begins, which hands, how high, how long: drawn anew each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from usdrl_model.simulation.moment import LEFT, RIGHT
from usdrl_model.simulation.reaches import Beat, Reach, before_the_belly, between, on_the_back, on_the_shoulder


@dataclass(frozen=True, slots=True)
class Occasion:
    """When an interaction begins, who takes part in it, and chance."""

    rng: np.random.Generator
    start: float
    """Seconds."""
    still: int | None
    """Who hardly moves, if anybody."""

    def uniform(self, low: float, high: float) -> float:
        """A number drawn for this interaction."""
        return float(self.rng.uniform(low, high))

    def one(self) -> int:
        """One of the two."""
        return int(self.rng.integers(2))

    def hand(self, right: float) -> int:
        """The right hand with this probability, else the left one."""
        return RIGHT if self.rng.random() < right else LEFT

    def beat(self, amplitude: float, rate: float, since: float, until: float) -> Beat:
        """Up and down by ``amplitude`` metres at ``rate`` Hz, between two times."""

        def offset(times: np.ndarray) -> np.ndarray:
            return amplitude * np.sin(2.0 * np.pi * rate * (times - since)) * ((times > since) & (times < until))

        return offset


Perform = Callable[[Occasion], tuple[list[Reach], float]]
"""The hands of both, and when they are back, seconds."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One kind of interaction."""

    perform: Perform
    gap: tuple[float, float]
    """Between two who do it, least and most: in arm lengths, the arms of both together."""
    share: float
    """How often it is drawn, relative to the others."""
    embrace: bool = False
    """Whether they stand body to body: then coming near and stepping back are part of it, and ``gap`` is in metres."""


def shake_hands(p: Occasion) -> tuple[list[Reach], float]:
    """The right hands meet, mostly; one may wait with the hand held out; a second hand may join."""
    side = p.hand(0.93)
    leader, late = p.one(), p.uniform(0.0, 0.8) if p.rng.random() < 0.6 else 0.0
    rises = [p.uniform(0.35, 0.9), p.uniform(0.35, 0.9)]
    held = p.start + late + max(rises)
    until = held + p.uniform(0.2, 2.2)
    beat = p.beat(p.uniform(0.0, 0.07), p.uniform(1.5, 4.0), held - 0.1, until)
    place = between((side, side), p.uniform(0.38, 0.62), -p.uniform(0.1, 0.4), beat)
    lean, found = p.uniform(0.0, 0.2), []
    for person in (0, 1):
        fall = p.uniform(0.35, 0.9)
        found.append(
            Reach(
                person=person, side=side, place=place, start=p.start + (0.0 if person == leader else late),
                end=until + fall, rise=rises[person], fall=fall, lean=0.0 if person == p.still else lean,
            )
        )  # fmt: skip
    if p.rng.random() < 0.1 and leader != p.still:
        found.append(
            Reach(person=leader, side=1 - side, place=place, start=held - 0.3, end=until + 0.5, rise=0.4, fall=0.5)
        )
    return found, max(reach.end for reach in found)


def hand_over(p: Occasion) -> tuple[list[Reach], float]:
    """One holds something out, the other takes it; before and after it is held before the belly, or hangs."""
    giver = p.one()
    taker = 1 - giver
    both = p.rng.random() < 0.2
    hands = p.hand(0.8), p.hand(0.8)
    used = [(LEFT, RIGHT) if both else (hand,) for hand in hands]
    late = p.uniform(0.0, 1.2)
    rises = [p.uniform(0.35, 0.9), p.uniform(0.35, 0.9)]
    met = p.start + max(rises[giver], late + rises[taker])
    until = met + p.uniform(0.1, 0.8)
    middle, size, up = p.uniform(0.38, 0.62), p.uniform(0.03, 0.16), -p.uniform(0.0, 0.4)
    # What is handed over is between the hands.
    places = [between(hands, middle - size, up), between(hands, middle + size, up)]
    fall, found = p.uniform(0.35, 0.8), []
    if p.rng.random() < 0.5:
        held = before_the_belly(giver, p.uniform(0.2, 0.4), p.uniform(-0.15, 0.2))
        found += [
            Reach(person=giver, side=side, place=held, start=p.start - p.uniform(0.3, 2.0), end=met, rise=0.4, fall=0.6)
            for side in used[giver]
        ]
    for person in (giver, taker):
        start = p.start + (0.0 if person == giver else late)
        for side in used[person]:
            found.append(
                Reach(
                    person=person, side=side, place=places[person], start=start, end=until + fall, rise=rises[person],
                    fall=fall, lean=0.0 if person == p.still else p.uniform(0.0, 0.1),
                )
            )  # fmt: skip
    if p.rng.random() < 0.6:
        kept = before_the_belly(taker, p.uniform(0.2, 0.4), p.uniform(-0.15, 0.2))
        found += [
            Reach(person=taker, side=side, place=kept, start=until, end=until + p.uniform(1.0, 3.0), rise=0.5, fall=0.5)
            for side in used[taker]
        ]
    return found, until + fall


def hug(p: Occasion) -> tuple[list[Reach], float]:
    """Arms around each other, one over and one under those of the other; sometimes one's arms hang."""
    until = p.start + p.uniform(0.8, 4.0)
    hugged = p.one() if p.rng.random() < 0.2 else None  # by whose side both arms hang
    over, found = p.one(), []
    for person in (0, 1):
        if person == hugged:
            continue
        start, rise, fall = p.start - p.uniform(0.1, 0.6), p.uniform(0.4, 0.8), p.uniform(0.4, 0.8)
        for side in (LEFT, RIGHT):
            low = p.uniform(-0.1, 0.3) if side == over else p.uniform(0.4, 1.0)
            found.append(
                Reach(
                    person=person, side=side, place=on_the_back(1 - person, side, low, p.uniform(0.0, 0.18)),
                    start=start, end=until + fall, rise=rise, fall=fall, elbow=(1.0, -0.4, 0.2),
                    lean=0.0 if person == p.still else p.uniform(0.0, 0.12),
                )
            )  # fmt: skip
    return found, until


def fists(p: Occasion) -> tuple[list[Reach], float]:
    """Two fists meet for a moment, before the chest."""
    return _touch(p, -p.uniform(0.0, 0.35), p.uniform(0.03, 0.25))


def high_five(p: Occasion) -> tuple[list[Reach], float]:
    """Two palms meet for a moment, over the shoulders."""
    return _touch(p, p.uniform(0.1, 0.4), p.uniform(0.03, 0.2))


def _touch(p: Occasion, up: float, seconds: float) -> tuple[list[Reach], float]:
    side = p.hand(0.85)
    rises = [p.uniform(0.25, 0.6), p.uniform(0.25, 0.6)]
    late, leader = p.uniform(0.0, 0.5), p.one()
    until = p.start + late + max(rises) + seconds
    place = between((side, side), p.uniform(0.4, 0.6), up)
    found = []
    for person in (0, 1):
        start, fall = p.start + (0.0 if person == leader else late), p.uniform(0.3, 0.7)
        found.append(
            Reach(person=person, side=side, place=place, start=start, end=until + fall, rise=rises[person], fall=fall)
        )
    return found, until + 0.5


def pat(p: Occasion) -> tuple[list[Reach], float]:
    """A hand on the shoulder of the other."""
    person = p.one() if p.still is None else 1 - p.still
    side, rise, fall = p.one(), p.uniform(0.4, 0.8), p.uniform(0.4, 0.8)
    end = p.start + rise + fall + p.uniform(0.3, 2.0)
    beat = p.beat(p.uniform(0.0, 0.05), p.uniform(1.5, 3.0), p.start + rise, end - fall)
    place = on_the_shoulder(1 - person, 1 - side if p.rng.random() < 0.7 else side, beat)
    return [Reach(person=person, side=side, place=place, start=p.start, end=end, rise=rise, fall=fall)], end


INTERACTIONS: dict[str, Interaction] = {
    "shake_hands": Interaction(shake_hands, (0.6, 1.08), 0.26),
    "hand_over": Interaction(hand_over, (0.65, 1.2), 0.26),
    "hug": Interaction(hug, (0.2, 0.42), 0.18, embrace=True),
    "fists": Interaction(fists, (0.6, 1.05), 0.07),
    "high_five": Interaction(high_five, (0.55, 1.0), 0.07),
    "pat": Interaction(pat, (0.45, 0.8), 0.07),
}
"""Kinds of interaction by name."""
