"""Every act that scripts may draw, and the movement of arms and trunk that it is (``moment.Gesture``).

Walking, running and sitting are done by ``motion``; what hands do meanwhile is here.
"""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation import arm_acts, background_acts, body_acts
from usdrl_model.simulation.moment import LEFT, RIGHT, Gesture, Moment


def _nothing(m: Moment) -> np.ndarray:
    return np.zeros(len(m.times))


GESTURES: dict[str, Gesture] = {
    **dict.fromkeys(("idle", "walk", "run", "sit_down", "stand_up"), _nothing),
    "wave": arm_acts.wave, "clap": arm_acts.clap, "throw": arm_acts.throw, "push": arm_acts.push,
    "pull": arm_acts.pull, "punch": arm_acts.punch, "swipe_left": arm_acts.swipe(LEFT),
    "swipe_right": arm_acts.swipe(RIGHT), "cross_arms": arm_acts.cross_arms,
    "pick_up": body_acts.pick_up, "carry": body_acts.carry, "kick": body_acts.kick, "bow": body_acts.bow,
    "duck": body_acts.duck,
    **{act.__name__: act for act in (
        background_acts.look_around, background_acts.shift_weight, background_acts.scratch_head,
        background_acts.touch_face, background_acts.look_at_phone, background_acts.hands_on_hips,
        background_acts.talk, background_acts.point, background_acts.raise_hand, background_acts.draw,
        background_acts.knock, background_acts.swing, background_acts.stretch, background_acts.jump,
        background_acts.step_forward, background_acts.side_bend,
    )},
}  # fmt: skip
"""Act -> its gesture."""
