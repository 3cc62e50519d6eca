"""The comparison of recipes on sets left out: its score."""

import numpy as np
import pytest

from benchmarks import carry_over


def test_average_precision_is_the_mean_precision_at_true_frames() -> None:
    truth = np.array([True, False, True, False])
    assert carry_over.average_precision(truth, np.array([0.9, 0.1, 0.8, 0.2])) == pytest.approx(1.0)
    assert carry_over.average_precision(truth, np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx((1.0 + 2.0 / 3.0) / 2.0)


def test_weights_that_know_a_set_are_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    asked = ["carry_over.py", "init_from=hri_streaming", "--store", "stores", "--without", "sbu", "utkinect"]
    monkeypatch.setattr("sys.argv", asked)
    with pytest.raises(SystemExit):
        carry_over.main()
    assert "hri_streaming knows sbu, utkinect" in capsys.readouterr().err
