"""Scripts: sequences of acts with durations, written by hand or random."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.errors.shown import shown

ACTION_SECONDS: dict[str, tuple[float, float]] = {
    "walk": (2.5, 5.5),
    "run": (2.0, 4.5),
    "sit_down": (0.9, 2.8),
    "stand_up": (1.0, 2.6),
    "pick_up": (1.2, 3.8),
    "carry": (2.5, 6.0),
    "throw": (0.7, 2.3),
    "push": (0.6, 2.0),
    "pull": (0.7, 2.4),
    "punch": (0.8, 3.0),
    "kick": (0.9, 2.0),
    "bow": (1.3, 3.5),
    "duck": (1.2, 3.2),
    "swipe_left": (0.8, 1.9),
    "swipe_right": (0.8, 1.9),
    "cross_arms": (1.6, 4.0),
    "wave": (1.5, 5.5),
    "clap": (1.5, 4.5),
}
"""Labelled actions and the range of their durations."""

NEGATIVE_SECONDS: dict[str, tuple[float, float]] = {
    "idle": (0.8, 4.0),
    "look_around": (1.5, 3.5),
    "shift_weight": (1.5, 3.0),
    "scratch_head": (1.5, 3.5),
    "touch_face": (1.2, 3.0),
    "look_at_phone": (2.0, 6.0),
    "hands_on_hips": (2.0, 5.0),
    "talk": (2.0, 5.0),
    "point": (1.2, 2.5),
    "raise_hand": (1.2, 3.5),
    "draw": (1.5, 3.5),
    "knock": (1.2, 2.5),
    "swing": (1.0, 2.2),
    "stretch": (1.5, 4.0),
    "jump": (1.0, 3.0),
    "step_forward": (1.2, 2.5),
    "side_bend": (1.5, 3.0),
}
"""Background acts between actions, and the range of their durations; many look like the start of an action."""

POSES = (
    "raise_left_arm", "raise_right_arm", "raise_both_arms", "point_left", "point_right", "hold_hand_out", "lie_down",
    "fall", "get_up", "come_running",
)  # fmt: skip
"""Acts of scripts written by hand alone, for the states of people (``poses``) and for who comes fast (``motion``)."""
LYING_DOWN = ("lie_down", "fall")

ACTIONS: tuple[str, ...] = tuple(ACTION_SECONDS)
SEATED_NEGATIVES = ("idle", "look_around", "scratch_head", "touch_face", "look_at_phone", "talk", "point")
UPRIGHT = (
    "sit_down", "walk", "run", "carry", "pick_up", "kick", "bow", "duck", "jump", "step_forward", "shift_weight",
    "come_running",
)  # fmt: skip
"""Acts that a seated person does not do."""
SEATED_ACTIONS = ("wave", "clap", "cross_arms")

PAUSE_SHARE = 0.75
"""Fraction of actions that are followed by a background act."""
SEATED_ACTION_SHARE = 0.3
"""Fraction of stays on the chair with an action."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One act of a person."""

    action: str
    """One of ``ACTION_SECONDS``, ``NEGATIVE_SECONDS`` or ``POSES``."""
    seconds: float
    """Duration; the next act starts at its end."""

    def __post_init__(self) -> None:
        """Refuse unknown acts and durations out of range."""
        known = (*ACTION_SECONDS, *NEGATIVE_SECONDS, *POSES)
        if self.action not in known:
            raise ValueError(f"expected an action of {', '.join(known)}, got {self.action!r}")
        if not 0.5 <= self.seconds <= 600.0:
            raise ValueError(f"expected {self.action} to last 0.5 to 600 seconds, got {self.seconds}")


Script = tuple[Act, ...]


def parse(acts: Sequence[str]) -> Script:
    """A script from texts like ``wave 3.5``: an act and its seconds.

    >>> parse(["idle 1", "wave 3.5"])[1]
    Act(action='wave', seconds=3.5)

    Raises:
        ValueError: an unknown act, or one without its seconds; or as ``check_script``.
    """
    script = []
    for place, text in enumerate(acts):
        action, _, seconds = text.strip().partition(" ")
        try:
            length = float(seconds)
        except ValueError:
            raise ValueError(f"act {place}: expected an act and its seconds (wave 3.5), got {shown(text)}") from None
        script.append(Act(action=action, seconds=length))
    check_script(tuple(script))
    return tuple(script)


def check_script(script: Script) -> None:
    """Raise ValueError for an empty script, or an act that the posture does not allow.

    A seated person does not walk or sit down, a standing one does not stand up, and one who lies idles or gets up.
    """
    if not script:
        raise ValueError("expected at least one act in a script, got none; a person who only waits has the act idle")
    seated = lying = False
    for place, act in enumerate(script):
        if act.action not in ("idle", "get_up") if lying else act.action == "get_up":
            raise ValueError(f"act {place}, {act.action}: the person {'lies' if lying else 'is up'} then")
        lying = act.action in LYING_DOWN or (lying and act.action != "get_up")
        upright = (*UPRIGHT, *LYING_DOWN)
        if act.action == "stand_up" if not seated else act.action in upright:
            posture = "seated" if seated else "standing"
            raise ValueError(
                f"act {place}, {act.action}: the person is {posture} then; add sit_down or stand_up before"
            )
        seated = act.action == "sit_down" or (seated and act.action != "stand_up")


def demo_scripts() -> tuple[Script, Script]:
    """Scripts of the demo: two people at the same time, about 40 seconds, nine actions."""
    first = (
        ("idle", 2.0), ("walk", 4.0), ("idle", 1.5), ("wave", 4.0), ("idle", 2.0), ("sit_down", 2.0),
        ("look_at_phone", 4.0), ("stand_up", 1.8), ("idle", 2.0), ("clap", 3.5), ("idle", 2.0), ("pick_up", 2.8),
        ("throw", 1.8), ("idle", 2.0), ("push", 1.6), ("idle", 3.0),
    )  # fmt: skip
    second = (
        ("idle", 3.5), ("pick_up", 2.8), ("throw", 1.8), ("scratch_head", 2.5), ("clap", 3.5), ("idle", 2.0),
        ("walk", 4.0), ("idle", 1.5), ("wave", 4.0), ("cross_arms", 3.0), ("push", 1.6), ("idle", 2.0),
        ("sit_down", 2.0), ("idle", 2.5), ("stand_up", 1.8), ("idle", 1.5),
    )  # fmt: skip
    return _script(first), _script(second)


def _script(acts: Sequence[tuple[str, float]]) -> Script:
    return tuple(Act(action=action, seconds=seconds) for action, seconds in acts)


def random_script(
    rng: np.random.Generator, seconds: float, labels: Sequence[str] = ACTIONS, *, without: Collection[str] = ()
) -> Script:
    """Draw a script of at least ``seconds``: actions of ``labels`` in random order with background in between.

    The background is drawn from ``NEGATIVE_SECONDS``, ``without`` those that are no background to somebody.

    Sitting down comes with standing up, so each of the two labels brings the other; objects are mostly picked up before
    they are carried or thrown.

    Raises:
        ValueError: a label that is not in ``ACTIONS``.
    """
    unknown = sorted(set(labels) - set(ACTIONS))
    if unknown or not labels:
        raise ValueError(f"expected some of {', '.join(ACTIONS)}, got {', '.join(unknown) or 'none'}")
    # Sitting down and standing up are one choice; otherwise the chair would be twice as frequent.
    choices = [label for label in labels if label != "stand_up" or "sit_down" not in labels]
    background = [act for act in NEGATIVE_SECONDS if act not in without]
    acts: list[Act] = [_draw(rng, "idle")]
    while sum(act.seconds for act in acts) < seconds:
        acts += [act for act in _phrase(rng, str(rng.choice(choices)), labels) if act.action not in without]
        if rng.random() < PAUSE_SHARE:
            acts += [_draw(rng, str(rng.choice(background))), *_maybe(rng, 0.5, "idle")]
    return (*acts, _draw(rng, "idle"))


def _phrase(rng: np.random.Generator, label: str, labels: Sequence[str]) -> list[Act]:
    """An action with its usual predecessors and successors."""
    if label in ("sit_down", "stand_up"):
        stay = [_draw(rng, str(rng.choice(SEATED_NEGATIVES))), *_maybe(rng, 0.5, str(rng.choice(SEATED_NEGATIVES)))]
        allowed = [action for action in SEATED_ACTIONS if action in labels]
        if allowed and rng.random() < SEATED_ACTION_SHARE:
            stay.append(_draw(rng, str(rng.choice(allowed))))
        return [_draw(rng, "sit_down"), *stay, _draw(rng, "stand_up")]
    before = _maybe(rng, 0.5, "pick_up") if label in ("carry", "throw") and "pick_up" in labels else []
    return [*before, _draw(rng, label)]


def _draw(rng: np.random.Generator, action: str) -> Act:
    low, high = (ACTION_SECONDS | NEGATIVE_SECONDS)[action]
    return Act(action=action, seconds=round(float(rng.uniform(low, high)), 3))


def _maybe(rng: np.random.Generator, share: float, action: str) -> list[Act]:
    return [_draw(rng, action)] if rng.random() < share else []
