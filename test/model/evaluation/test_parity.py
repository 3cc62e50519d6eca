"""The windows on which an exported detector is compared with the original."""

import pytest

from usdrl_model.checkpoints import detector_file
from usdrl_model.evaluation.parity import sample_windows


@pytest.mark.parametrize("name", ["pairs", "hri"])
def test_nobody_is_beside_the_people_of_a_window(name: str) -> None:
    detector = detector_file.load(name, "cpu").config.detector
    assert detector.encoder.masked
    windows = sample_windows(detector, 4)
    assert windows.shape == (4, detector.encoder.frames, detector.encoder.people, 25, 3)
    assert windows[:, -1, 0].isfinite().any()
    assert windows[:, :, 1:].isnan().all(), "an empty slot, not a body of zeros"
