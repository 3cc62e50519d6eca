"""What a node tells of itself once: which weights run beside others, and what they allow."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from usdrl_model.inference import load  # noqa: E402
from usdrl_model.online.live_enrolment import LiveEnrolment  # noqa: E402
from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_ros.node import notes  # noqa: E402
from usdrl_ros.parameters.declarations import PARAMETERS  # noqa: E402
from usdrl_ros.parameters.values import PerceptionConfig  # noqa: E402


def streaming(weights, pairs=""):
    return ActionStream.from_pretrained(weights, topology="kinect_v2_25", device="cpu", pairs=pairs)


def said(weights, pairs="", gestures=None, **others):
    stream = streaming(weights, pairs)
    if gestures is not None:
        LiveEnrolment(stream, *gestures)
    changes = {"weights": weights, "pair_weights": pairs, "gestures": str(gestures[0]) if gestures else ""} | others
    settings = PerceptionConfig(**({one.field: one.default for one in PARAMETERS} | changes))
    return list(notes.warnings(settings, stream.describe(), stream))


def test_weights_whose_terms_forbid_a_product_are_told_beside_others(tmp_path: Path) -> None:
    research, free = load.load("hri", "cpu"), load.load("free", "cpu")
    (pairs,) = said("free_streaming", pairs="pairs")
    assert pairs.startswith("pair_weights: the data of pairs allow no use in a product (")
    assert "those of free_streaming do" in pairs
    (gestures,) = said("free_streaming", gestures=(tmp_path, research))
    assert gestures.startswith("gesture_weights: the data of hri allow no use in a product")
    assert said("free_streaming", gestures=(tmp_path, free)) == []
    assert said("hri_streaming", gestures=(tmp_path, research)) == [], "no product may hold either"


@pytest.mark.parametrize(("weights", "verdict"), [("default", "no use in products ("), ("free", "use in products (")])
def test_the_terms_of_what_runs_are_told(weights, verdict) -> None:
    told = notes.terms(streaming(weights))
    assert told.startswith(f"terms of the weights: {'hri_streaming' if weights == 'default' else weights}: {verdict}")
    assert "\n" not in told


def test_the_terms_of_all_that_run_are_in_one_line() -> None:
    told = notes.terms(streaming("free_streaming", pairs="pairs"))
    assert told.startswith(
        "terms of the weights: free_streaming: use in products (attribution, free); pairs: no use in"
    )


def test_weights_of_two_people_alone_say_what_they_do_not_tell() -> None:
    (two,) = said("pairs")
    assert two.startswith("weights pairs look at two people") and two.endswith("and pair_weights to pairs")


def test_a_turned_imu_without_its_topic_has_no_effect() -> None:
    (told,) = said("free_streaming", imu_rotation=(0.0, 0.0, 1.57))
    assert told == "imu_rotation: no IMU that is turned so: set imu_topic to the topic of one"
    assert said("free_streaming", imu_rotation=(0.0, 0.0, 1.57), imu_topic="imu") == []
