"""Every adapter of the package, with messages as its tracker sends them: valid, of another joint set, and spoilt."""

import re

import numpy as np
import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import stand_ins  # noqa: E402
from helpers import tracker_messages as trackers  # noqa: E402

from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402

OTHER = {
    "zed": "zed_body_38", "pose_array": "kinect_v1_20", "point_cloud": "k4abt_32", "openpose_json": "openpose_body_25",
    "yolo": "halpe_26", "yolo_2d": "halpe_26", "hiros": "kinect_v2_25", "marker_array": "k4abt_32",
}  # fmt: skip
"""Adapter -> a joint set that its tracker may change to. The others name their joints, or have no choice."""


@pytest.fixture
def source(request, monkeypatch, tmp_path):
    stand_ins.install(monkeypatch)
    table = tmp_path / "bodies.yaml"
    table.write_text(trackers.TABLE)
    return trackers.Source(request.param, str(table))


every = pytest.mark.parametrize("source", sorted(trackers.TRACKERS), indirect=True)


def registered():
    """The adapters that setup.py registers: an installation has those of the time when it was made."""
    (group,) = re.findall(r'"usdrl_ros.inputs": \[(.*?)\]', (ROOT / "setup.py").read_text(encoding="utf-8"), re.DOTALL)
    return set(re.findall(r'"(\w+) = ', group))


def give(source, made, arrival):
    """What came of messages: how many people in each frame, and reasons of refusals."""
    frames, refused = [], []
    for topic, message in made:
        try:
            frame = source(topic, message, arrival)
        except InputError as error:
            refused.append(error.kind)
        else:
            frames += [] if frame is None else [len(frame.people)]
    return frames, refused


def test_no_adapter_is_left_out():
    installed = set(registry.built_in())
    assert installed == registered(), "the entry points are not those of setup.py: install the package again"
    assert set(trackers.TRACKERS) == installed, "TRACKERS of test/helpers/tracker_messages.py: each adapter"


@every
def test_valid_messages_are_people(source):
    seen, refused = [], []
    for step in range(4):
        stamp = 10.0 + step / 10
        frames, wrong = give(source, trackers.messages(source.kind, stamp), stamp)
        seen, refused = seen + frames, refused + wrong
    expected = trackers.TRACKERS[source.kind].people or 2
    assert seen[-3:] == [expected] * 3 and not refused


@pytest.mark.parametrize("source", sorted(OTHER), indirect=True)
def test_a_tracker_that_changes_its_joints_is_refused_until_it_changes_back(source, monkeypatch):
    kind, tracker = source.kind, trackers.TRACKERS[source.kind]

    def of_other_format(stamp, people):
        message = tracker.build(stamp, people)
        for body in message.objects:
            body.body_format = 2
        return message

    def step(number):
        return give(source, trackers.messages(kind, 10.0 + number / 10), 10.0 + number / 10)

    assert [step(number)[1] for number in range(3)] == [[]] * 3
    with monkeypatch.context() as changed:
        build = of_other_format if kind == "zed" else tracker.build
        changed.setitem(trackers.TRACKERS, kind, tracker._replace(topology=OTHER[kind], build=build))
        for number in range(3, 8):
            frames, refused = step(number)
            assert sum(frames) == 0 and refused and set(refused) <= {"joint_count", "joint_range"}
    for number in range(8, 11):
        frames, refused = step(number)
    assert frames and frames[-1] > 0 and not refused


@every
def test_messages_from_nobody_and_without_a_stamp(source):
    """The default of every message, the main one and the further ones, is refused or nobody."""
    topics = [("", registry.find(source.kind).message_type()), *((r.topic, r.kind()) for r in source.topics.routes)]
    frames, refused = give(source, topics, 0.0)
    assert sum(frames) == 0
    assert set(refused) <= {
        "zero_stamp",
        "no_clock",
        "json",
        "joint_count",
        "depth_encoding",
        "missing_field",
        "layout",
    }


@every
def test_numbers_that_are_no_places(source, monkeypatch):
    for value in (np.nan, np.inf, -np.inf, 1e30, 0.0):
        monkeypatch.setattr(trackers, "places", lambda V, *_, value=value: np.full((V, 3), value))
        try:
            made = trackers.messages(source.kind, 11.0)
        except (ValueError, OverflowError):
            continue  # cannot be written as a message
        for topic, message in made:
            try:
                frame = source(topic, message, 11.0)
            except InputError as error:
                assert error.kind != "adapter", error
            else:
                for person in () if frame is None else frame.people:
                    assert not np.isfinite(person.joints).any()
