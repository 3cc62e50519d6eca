"""The measures of an arm, made by hand: tests change in it what they are about."""

from usdrl_model.states.measures import Arm

HANGING = Arm(
    reach=1.0, elevation=-80.0, wrist=(0.1, -1.0, 0.0), height=-1.0, over_head=-1.6, from_head=1.6, elbow=-0.5,
    ahead=0.0, aside=0.3,
)  # fmt: skip
