"""Where the robot's own body is, over time: silences, and places that come twice or late."""

import numpy as np
import pytest
from helpers.people import standing

from usdrl_model.online.companion import Companion
from usdrl_model.windows.track import MAX_JOINT_GAP

SURE = np.ones(25)


def known(companion: Companion, since: float, until: float, x: float = 0.0) -> None:
    """It is told 10 times a second where the robot is."""
    for stamp in np.arange(since, until + 1e-9, 0.1).tolist():
        companion.add(stamp, (standing() + [x, 0.0, 2.0], SURE))


@pytest.mark.parametrize(("silent", "remembered"), [(0.9, True), (1.1, False)])
def test_what_was_before_a_long_silence_is_forgotten(silent: float, remembered: bool) -> None:
    companion = Companion(rate=10.0, max_gap=1.0)
    known(companion, 0.0, 1.0)
    known(companion, 1.0 + silent, 3.0)
    track = companion.at(3.0)
    assert track is not None
    assert track.mask(31, 30)[:11].all() == remembered == track.mask(31, 30)[:11].any()
    assert track.mask(31, 30)[-1].all()


def test_a_place_that_comes_twice_or_late_is_left_out() -> None:
    companion = Companion(rate=10.0, max_gap=1.0)
    known(companion, 0.0, 1.0)
    known(companion, 0.8, 1.0, x=5.0)
    track = companion.at(1.0)
    assert track is not None
    np.testing.assert_allclose(track.window(11, 10)[0], np.broadcast_to(standing() + [0.0, 0.0, 2.0], (11, 25, 3)))


def test_a_robot_that_is_not_known_any_more_is_nowhere() -> None:
    companion = Companion(rate=10.0, max_gap=1.0)
    assert companion.at(0.0) is None
    known(companion, 0.0, 1.0)
    assert companion.at(1.0 + MAX_JOINT_GAP - 0.01) is not None
    assert companion.at(1.0 + MAX_JOINT_GAP + 0.01) is None
