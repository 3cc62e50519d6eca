"""Who shares a window with a person."""

import numpy as np
import pytest
from helpers.people import pose
from helpers.rule_detector import hand_up_weights

from usdrl_model.inference import load
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import SPINE_MID, Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.windows.cut import cut
from usdrl_model.windows.neighbours import nearest
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import MIN_FRAMES, tracklets


def body(x: float, frames: int = 16) -> tuple[np.ndarray, np.ndarray]:
    joints = np.stack([pose(t / 10, False, x) for t in range(frames)]).astype(np.float32)
    return joints, np.ones(joints.shape[:2], bool)


def test_the_nearest_come_first_and_nobody_from_afar() -> None:
    near, nearer, far = body(1.5), body(0.8), body(2.5)
    assert nearest(body(0.0), [near, far, nearer], 3) == [nearer, near]
    assert nearest(body(0.0), [near, far, nearer], 1) == [nearer]


def test_who_has_no_recent_valid_joint_is_nobodys_neighbour() -> None:
    joints, mask = body(0.8)
    mask[-8:] = False
    assert nearest(body(0.0), [(joints, mask)], 1) == []
    mask[-8, 0] = True
    assert len(nearest(body(0.0), [(joints, mask)], 1)) == 1


def test_where_somebody_is_their_spine_says_and_the_other_joints_where_it_is_hidden() -> None:
    joints, mask = body(1.9)
    joints[:, [joint for joint in range(25) if joint != SPINE_MID], 0] += 1.0
    assert len(nearest(body(0.0), [(joints, mask)], 1)) == 1
    mask[:, SPINE_MID] = False
    assert nearest(body(0.0), [(joints, mask)], 1) == []


@pytest.mark.parametrize("leaves", [200.0, 102.25], ids=["nobody leaves", "the second leaves"])
def test_live_and_in_training_a_window_shows_the_same_people(leaves: float, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = hand_up_weights(2)
    detector = weights.config.detector

    def person(name: str, t: float, x: float) -> Person:
        joints = pose(t, False, x)
        if name == "2" and t > 101.0:
            joints[SPINE_MID] = np.nan
        return Person(name, joints)

    frames = tuple(
        SkeletonFrame(
            float(t),
            (person("1", t, 0.0), *([person("2", t, 0.3 * (t - 100.0))] if t < leaves else []), person("3", t, 0.9)),
        )
        for t in 100.0 + np.arange(0.0, 8.0, 1 / 30)
    )
    stream = ActionStream(weights, topology="kinect_v2_25")
    live: list[np.ndarray] = []
    answers = load.answers
    monkeypatch.setattr(load, "answers", lambda weights, x: live.append(x.copy()) or answers(weights, x))
    for frame in frames:
        stream.push(frame)
    found = tracklets(Recording("three", "kinect_v2_25", frames), detector.labels, detector.rate, 1.0)
    trained = cut(found, WindowShape(frames=detector.encoder.frames, people=2), 1).x.numpy()
    count = len(found[0].labels) - MIN_FRAMES + 1  # of the first person
    of_one = np.stack([batch[0] for batch in live[-count:]])
    np.testing.assert_allclose(of_one, trained[:count], atol=1e-5)
