"""A recording as a clip: every skeleton as it would be alone, and all of them in few operations."""

import dataclasses

import numpy as np
import pytest

from usdrl_model.simulation.faults import TYPICAL_FAULTS
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton import clip as clips
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import canonical
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology


def mixed(recording: Recording) -> Recording:
    """Every third frame without a confidence, as where a tracker was restarted with other settings."""
    frames = tuple(
        dataclasses.replace(frame, people=tuple(dataclasses.replace(one, confidence=None) for one in frame.people))
        if row % 3 == 0
        else frame
        for row, frame in enumerate(recording.frames)
    )
    return dataclasses.replace(recording, frames=frames)


@pytest.mark.parametrize("at_once", [1, 50, clips.AT_ONCE])
@pytest.mark.parametrize("tracker", ["kinect_v2_25", "k4abt_32"])
def test_every_skeleton_is_mapped_as_alone(tracker: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "AT_ONCE", at_once)
    whole = simulate(PerformanceConfig(faults=TYPICAL_FAULTS, topology=tracker, rate=10.0), 2)
    for recording in (whole, mixed(whole)):
        made = Clip.of(recording)
        shown = 0
        for row, frame in enumerate(recording.frames):
            for one in frame.people:
                joints, confidence = canonical(one, topology(tracker))
                np.testing.assert_array_equal(made.joints[row, made.people.index(one.id)], joints)
                np.testing.assert_array_equal(made.confidence[row, made.people.index(one.id)], confidence)
                shown += confidence.any()
        assert shown == made.mask.any(axis=2).sum() > 0, "and nobody else"
