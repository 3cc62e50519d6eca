"""What counts on live streams: recall, false alarms, delays, and both sides of the body."""

import dataclasses

import numpy as np
import pytest
from helpers.trimmed import trimmed

from usdrl_model.data import vocabulary
from usdrl_model.evaluation.stream import scores, streams
from usdrl_model.evaluation.stream.scores import Heard
from usdrl_model.metrics.events import Detection
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.skeleton.topology import JOINT_INDEX


def said(label: str, start: float, end: float, decided: float | None = None) -> Detection:
    return Detection(person="1", label=label, start=start, end=end, decided=decided)


def test_what_is_counted() -> None:
    heard = Heard(
        truth=(
            Segment("1", "wave", 1.0, 3.0),
            Segment("1", "wave", 5.0, 7.0),
            Segment("1", AMBIGUOUS, 9.0, 11.0),
            Segment("1", "hug", 12.0, 14.0),  # the detector does not know it
        ),
        detections=(
            said("wave", 1.2, 3.0, 1.7),  # found
            said("clap", 5.0, 7.0),  # another action: a false alarm, and the wave is missed
            said("wave", 9.5, 10.5),  # nobody knows
            said("wave", 12.0, 14.0),  # a false alarm
        ),
        duration=1800.0,
    )
    found = scores.events([heard], ["wave"])
    assert scores.summary(found) == pytest.approx(
        {
            "stream_recall": 50.0,
            "false_alarms_per_hour": 4.0,
            "onset_delay_median": 0.7,
            "onset_delay_p90": 0.7,
        }
    )
    assert found.false_alarms_by_label == {"clap": 1, "wave": 1}


def test_recall_is_the_mean_over_labels() -> None:
    often = [Segment("1", "walk", float(t), t + 1.0) for t in range(0, 40, 4)]
    heard = Heard(truth=(*often, Segment("1", "wave", 50.0, 51.0)), detections=(said("wave", 50.0, 51.0),), duration=60)
    assert scores.recall(scores.events([heard], ["walk", "wave"])) == 50.0


def test_in_a_mirror_left_is_right_in_joints_and_labels() -> None:
    recording = dataclasses.replace(
        trimmed("wave"), segments=(Segment("7", "swipe_left", 5.5, 6.5), Segment("7", "wave", 6.6, 7.0))
    )
    words = vocabulary.load("hri")
    turned = streams.mirrored(recording, words)
    assert [segment.label for segment in turned.segments] == ["swipe_right", "wave"]
    was, now = (np.asarray(one.frames[24].people[0].joints) for one in (recording, turned))
    np.testing.assert_allclose(now[JOINT_INDEX["hand_left"]], was[JOINT_INDEX["hand_right"]] * [-1, 1, 1], atol=1e-6)
    back = streams.mirrored(turned, words)
    np.testing.assert_allclose(np.asarray(back.frames[24].people[0].joints), was, atol=1e-6)
    assert back.segments == recording.segments
