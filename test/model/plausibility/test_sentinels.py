"""A number that says "not seen", such as -999, is no joint: it is judged as NaN is, in any unit."""

import numpy as np
import pytest
from helpers.source_bench import STANDING, Bench, perform

from usdrl_model.skeleton.topology import topology


@pytest.mark.parametrize("joints", [("hand_tip_left",), ("ankle_left", "ankle_right", "foot_left", "foot_right")])
@pytest.mark.parametrize(("value", "scale"), [(-999.0, 1.0), (1e4, 1.0), (-1e6, 1000.0)])
def test_what_is_far_from_its_body_counts_as_missing(joints: tuple[str, ...], value: float, scale: float) -> None:
    places = [topology("kinect_v2_25").joints.index(name) for name in joints]

    def told(missing: float) -> set[str]:
        def change(sent: np.ndarray) -> np.ndarray:
            sent = scale * sent
            sent[places] = missing + np.arange(len(places))[:, None] * 0.001 * abs(missing)
            return sent

        return set(Bench(change=change, metres=1.0 / scale).watch(perform(scripts=STANDING)))

    assert told(value) == told(np.nan)


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_a_wrong_unit_is_told_beside_them(unit: float) -> None:
    def change(sent: np.ndarray) -> np.ndarray:
        sent = unit * sent
        sent[22:24] = -999.0 * unit
        return sent

    assert set(Bench(change=change).watch(perform(scripts=STANDING))) == (set() if unit == 1.0 else {"units"})
