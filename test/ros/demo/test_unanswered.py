"""Latencies of a demo, which may run for days."""

import pytest

from usdrl_ros.demo.unanswered import Unanswered


def test_frames_on_which_nothing_was_inferred_do_not_pile_up() -> None:
    """Thirty frames and ten states a second, each answered 50 ms later, and one of them said again."""
    frames, latencies = Unanswered(), []
    for number in range(3000):
        now = number / 30.0
        frames.hear(round(5.0 + now, 6), now)
        if number % 3 == 0:
            latencies += [frames.answer(round(5.0 + now, 6), now + 0.05) for _ in range(2)]
        assert len(frames) <= 3
    assert latencies[::2] == pytest.approx([0.05] * 1000)
    assert set(latencies[1::2]) == {None}


def test_stamps_may_jump_back() -> None:
    frames = Unanswered()
    for number, stamp in enumerate([9.0, 9.1, 1.0, 1.1]):
        frames.hear(stamp, float(number))
    assert frames.answer(1.0, 5.0) == 3.0
    assert len(frames) == 1 and frames.answer(1.1, 5.0) == 2.0
