"""Joints as coarse as pixels repeat while somebody stands still: they are kept, in all windows of one recording."""

from pathlib import Path

import numpy as np
import pytest
from helpers.people import standing
from helpers.rule_detector import hand_up_weights

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.freezing import Freezing
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.windows.tracklets import tracklets
from usdrl_model.windows.whole_clip import filled


@pytest.mark.parametrize("marks", [{"lifted": True}, {"flat": True}, {}])
def test_who_stands_still_keeps_their_joints_live_and_in_training(marks: dict[str, bool], tmp_path: Path) -> None:
    rng, seen = np.random.default_rng(0), []
    for step in range(50):
        beside = (rng.random((25, 1)) < 0.1) * rng.integers(-1, 2, (25, 3))
        joints = standing() + 0.004 * beside * (1, 1, not marks.get("flat"))
        seen.append(SkeletonFrame(100.0 + step / 10, (Person("1", joints),), **marks))
    write_set(tmp_path, "mine", [Recording("still", "kinect_v2_25", tuple(seen))])
    store = Store.open(tmp_path)
    (recording,), (clip,) = store.recordings(), store
    (tracklet,) = tracklets(recording, ("none",), 10.0, 1.0)
    bodies = filled(clip, slice(None), [0], masked=True)
    stream, live = ActionStream(hand_up_weights(flat=marks.get("flat", False)), topology="kinect_v2_25"), []
    for frame in recording.frames:
        stream.push(frame)
        (person,) = stream.state().people
        live.append(person.valid_joints == 1.0)
    kept = bool(tracklet.mask.all()), np.allclose(bodies[:, 0], clip.joints[:, 0], atol=1e-6), all(live)
    assert kept == (bool(marks),) * 3


def test_whole_bodies_are_frozen_whatever_joints_are_nowhere() -> None:
    freezing, joints = Freezing(3, coarse=True), np.array([[1.0] * 3, [2.0] * 3, [np.nan] * 3])
    found = [freezing.step(np.array([step / 10]), joints[None])[0].tolist() for step in range(8)]
    assert found[:5] == [[False] * 3] * 5 and found[5:] == [[True, True, False]] * 3
    seen = np.array([joints[0], joints[1], [3.0] * 3])
    assert not freezing.step(np.array([0.8]), seen[None]).any(), "a joint that is there again is a movement"
