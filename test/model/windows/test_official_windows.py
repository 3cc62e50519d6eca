"""What the published checkpoints expect of a Kinect v2: the bodies that move most, centred, turned once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from usdrl_model.data.labelled_clips import labelled
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.windows.official import official_input, raw
from usdrl_model.windows.resample import resize
from usdrl_model.windows.shape import WindowShape

RNG = np.random.default_rng(0)


def recorded(*people: np.ndarray) -> Recording:
    """People as (T, 25, 3), absent where all zero."""
    frames = []
    for index in range(len(people[0])):
        seen = [Person(str(who), one[index]) for who, one in enumerate(people) if one[index].any()]
        frames.append(SkeletonFrame(1.0 + index / 30, tuple(seen)))
    return Recording("x", "kinect_v2_25", tuple(frames))


def moving(frames: int, spread: float) -> np.ndarray:
    return RNG.normal(0.0, spread, (frames, 25, 3)) + (0.3, 0.1, 3.0)


def test_official_input_is_centred_and_turned_once() -> None:
    calm, lively = moving(20, 0.1), moving(20, 0.3)
    x = official_input(raw(recorded(calm, lively)))
    assert (x.shape, x.dtype) == ((20, 2, 25, 3), np.float32)
    np.testing.assert_allclose(x[:, 0, 1], 0.0, atol=1e-6)  # the spine of the livelier one, which comes first
    line = x[0, 0, 8] - x[0, 0, 4]
    np.testing.assert_allclose(line, [np.linalg.norm(lively[0, 8] - lively[0, 4]), 0.0, 0.0], atol=1e-5)
    np.testing.assert_allclose(  # one rigid motion a frame, for both people
        np.linalg.norm(x[:, 0, 5] - x[:, 1, 9], axis=1), np.linalg.norm(lively[:, 5] - calm[:, 9], axis=1), atol=1e-5
    )


def test_official_input_repeats_who_leaves_and_moves_up_who_comes_late() -> None:
    lively, late = moving(10, 0.5), moving(10, 0.1)
    late[:4] = 0.0  # six frames of it
    x = official_input(raw(recorded(lively, late)))
    relative = late[4:] - lively[:6, 1:2]
    distances = np.linalg.norm(x[:, 1], axis=2)
    np.testing.assert_allclose(distances[:6], np.linalg.norm(relative, axis=2), atol=1e-5)
    again = late[4:8] - lively[6:10, 1:2]
    np.testing.assert_allclose(distances[6:], np.linalg.norm(again, axis=2), atol=1e-5)


def test_official_input_of_one_person_leaves_the_second_empty() -> None:
    assert not official_input(raw(recorded(moving(5, 0.2))))[:, 1].any()
    assert not official_input(raw(recorded(np.zeros((3, 25, 3))))).any(), "nobody in any frame"
    with pytest.raises(ValueError, match="expected topology kinect_v2_25"):
        raw(Recording("x", "coco_17", ()))


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_official_input_takes_what_is_no_number_for_missing(missing: float) -> None:
    lively, calm = moving(5, 0.5), moving(5, 0.1)
    holes = lively.copy()
    holes[2, 7] = missing
    holes[3, 9, 1] = missing
    zeros = np.where(np.isfinite(holes), holes, 0.0)
    x = official_input(raw(recorded(holes, calm)))
    assert np.isfinite(x).all()
    np.testing.assert_array_equal(x, official_input(raw(recorded(zeros, calm))))


def test_joints_of_which_the_sensor_was_not_sure_count() -> None:
    sure = recorded(moving(5, 0.5))
    frames = (
        replace(frame, people=tuple(replace(one, confidence=np.zeros(25)) for one in frame.people))
        for frame in sure.frames
    )
    unsure = replace(sure, frames=tuple(frames))
    np.testing.assert_array_equal(official_input(raw(unsure)), official_input(raw(sure)))


def test_a_labelled_clip_is_all_of_it_in_so_many_frames() -> None:
    clip = raw(replace(recorded(moving(40, 0.3), moving(40, 0.1)), label="wave"))
    shape = WindowShape(frames=64, people=2, official=True)
    (window,) = labelled([clip], shape, "here").windows
    assert torch.equal(window, resize(torch.from_numpy(official_input(clip))[None], 64)[0])
    (half,) = labelled([clip], shape, "here", lambda: 0.5).windows
    first = official_input(clip, slice(20))
    assert torch.equal(half, resize(torch.from_numpy(first)[None], 64)[0]), "what comes later has no influence"
