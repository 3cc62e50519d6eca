"""Gestures and intents by a rule table, and the labels of vision_msgs, on stand-ins of the published messages."""

import json
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from builtin_interfaces.msg import Time  # noqa: E402
from helpers import stand_ins  # noqa: E402
from helpers.paths import ROOT  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from usdrl_model.events.onset_offset import Event  # noqa: E402
from usdrl_model.events.people import PersonEvent  # noqa: E402
from usdrl_model.states.person import STATES, HeldState, States  # noqa: E402
from usdrl_ros.outputs import detections  # noqa: E402
from usdrl_ros.outputs.hri import Hri  # noqa: E402
from usdrl_ros.outputs.hri_rules import Rule, read  # noqa: E402

HEADER = Header(stamp=Time(sec=20), frame_id="camera")
KNOWN = ("wave", "cross_arms", *STATES)
SHIPPED = str(ROOT / "config" / "hri_rules.yaml")


class Topics:
    """Publishers that keep what they are given."""

    def __init__(self):
        self.sent, self.open = {}, []

    def create(self, kind, topic):
        self.open.append(topic)
        messages = self.sent.setdefault(topic, [])
        return SimpleNamespace(topic=topic, publish=messages.append)

    def destroy(self, publisher):
        self.open.remove(publisher.topic)


@pytest.fixture
def topics(monkeypatch):
    stand_ins.install(monkeypatch)
    return Topics()


def result(*ids, states=(), events=(), since=12.0):
    """People with these ids, all in these states."""
    held = States(active=tuple(HeldState(name, since) for name in states))
    return SimpleNamespace(
        state=SimpleNamespace(people=[SimpleNamespace(id=id_, states=held) for id_ in ids]), events=events
    )


def onset(person, label, kind="onset"):
    return Event(kind=kind, seq=1, person=person, label=label, onset=18.0, offset=None, score=0.75, stamp=20.0)


def test_a_wave_is_a_gesture_of_a_body_and_an_intent_of_a_person(topics):
    hri = Hri(read(SHIPPED, KNOWN), topics.create, topics.destroy)
    came = PersonEvent(kind="entered", seq=1, person="rxkpw", came=1.0, went=None, reason=None, stamp=20.0)
    hri.publish(result("rxkpw", events=(came,)), HEADER)
    assert topics.open == ["intents", "humans/bodies/rxkpw/gesture"], "there before the first gesture"
    assert topics.sent == {"intents": [], "humans/bodies/rxkpw/gesture": []}
    hri.publish(result("rxkpw", events=(onset("rxkpw", "wave"), onset("rxkpw", "clap"))), HEADER)
    (gesture,) = topics.sent["humans/bodies/rxkpw/gesture"]
    assert (gesture.header, gesture.gesture) == (HEADER, 6)
    (intent,) = topics.sent["intents"]
    assert (intent.intent, json.loads(intent.data)) == ("__intent_greet__", {"recipient": "rxkpw"})
    assert (intent.source, intent.modality, intent.priority, intent.confidence) == ("rxkpw", "motion", 128, 0.75)
    hri.publish(result("rxkpw", events=(onset("rxkpw", "wave", kind="offset"),)), HEADER)
    hri.publish(result(), HEADER)
    assert topics.open == ["intents"] and len(topics.sent["intents"]) == 1
    hri.destroy()
    assert topics.open == []


def test_a_gesture_of_somebody_who_goes_with_the_same_result_is_published(topics):
    hri = Hri(read(SHIPPED, KNOWN), topics.create, topics.destroy)
    hri.publish(result("7"), HEADER)
    left = PersonEvent(kind="left", seq=3, person="7", came=1.0, went=19.0, reason="reset", stamp=20.0)
    hri.publish(result(events=(onset("7", "wave"), onset("7", "wave", kind="offset"), left)), HEADER)
    assert [one.gesture for one in topics.sent["humans/bodies/_7/gesture"]] == [6]
    assert len(topics.sent["intents"]) == 1
    hri.publish(result(), HEADER)
    assert topics.open == ["intents"], "what was published has been sent by then"


def test_a_state_is_told_when_it_begins_and_again_only_after_it_ended(topics):
    hri = Hri(read(SHIPPED, KNOWN), topics.create, topics.destroy)
    arm = "raising_left_arm"
    for since, states in ((1.0, ()), (2.0, (arm,)), (2.0, (arm, "standing")), (0.0, ()), (4.0, (arm,))):
        hri.publish(result("3", "a-b", states=states, since=since), HEADER)
    for topic in ("humans/bodies/_3/gesture", "humans/bodies/a_b/gesture"):
        assert [message.gesture for message in topics.sent[topic]] == [3, 3]


def test_a_state_of_somebody_hidden_for_a_moment_goes_on_and_one_of_who_comes_back_begins(topics):
    hri = Hri(read(SHIPPED, KNOWN), topics.create, topics.destroy)
    left = PersonEvent(kind="left", seq=2, person="3", came=1.0, went=19.0, reason="gone", stamp=20.0)
    for events in ((), (left,)):
        hri.publish(result("3", states=("raising_left_arm",)), HEADER)
        hri.publish(result("3"), HEADER)  # not seen for half a second: no state is known
        hri.publish(result("3", states=("raising_left_arm",)), HEADER)
        hri.publish(result(events=events), HEADER)
    hri.publish(result("3", states=("raising_left_arm",)), HEADER)
    assert [message.gesture for message in topics.sent["humans/bodies/_3/gesture"]] == [3, 3]


def test_intents_of_your_own_and_data_of_your_own(topics):
    rule = Rule(intent="fetch", data={"object": "cup", "goal": 'of {person} "'}, priority=255)
    hri = Hri({"wave": rule}, topics.create, topics.destroy)
    hri.publish(result("7", events=(onset("7", "wave"),)), HEADER)
    (intent,) = topics.sent["intents"]
    assert (intent.intent, json.loads(intent.data)) == ("fetch", {"object": "cup", "goal": 'of 7 "'})
    assert intent.priority == 255
    assert topics.open == ["intents"], "no gestures, no topics of bodies"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: {wvae: {gesture: WAVING}}", "did you mean 'wave'"),
        ("rules: {wave: {}}", "expected a gesture, an intent or both"),
        ("rules: {wave: {gestrue: WAVING}}", "did you mean 'gesture'"),
        ("rules: {wave: {intent: GREET, priority: 300}}", "priority: expected 0 to 255"),
        ("rules: {wave: {intent: GREET, data: {who: '{preson}'}}}", "data.who: expected no placeholder but {person}"),
        ("rules: {wave: {intent: GREET, data: {who: '{ person }'}}}", "but {person}, got '{ person }'"),
        ("rules: {wave: {intent: GREET, data: {who: 'of {the-person}'}}}", "but {person}, got '{the-person}'"),
        ("{", "YAML"),
    ],
)
def test_a_table_with_errors_is_refused(tmp_path, text, said):
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match="hri_rules: ") as error:
        read(str(path), KNOWN)
    assert said in str(error.value)


def test_json_holds_no_placeholder(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("""rules: {wave: {intent: GREET, data: {goal: '{"x": 1.0, "y": {}}'}}}""")
    assert read(str(path), KNOWN)["wave"].data == {"goal": '{"x": 1.0, "y": {}}'}


def test_no_table_is_no_silence(tmp_path):
    with pytest.raises(ValueError, match="hri_rules: .*nowhere.yaml"):
        read(str(tmp_path / "nowhere.yaml"), KNOWN)


@pytest.mark.parametrize(
    ("rule", "said"), [({"gesture": "THUMB_UP"}, "this version has no 'THUMB_UP'"), ({"intent": "GRET"}, "'GREET'")]
)
def test_a_constant_that_the_installed_version_lacks_is_refused(topics, rule, said):
    with pytest.raises(ValueError, match=said):
        Hri({"wave": Rule(**rule)}, topics.create, topics.destroy)


def test_without_the_message_package_the_error_says_what_to_install():
    with pytest.raises(ValueError, match="needs hri_msgs: apt install ros-.*hri-msgs"):
        Hri({"wave": Rule(gesture="WAVING")}, Topics().create, Topics().destroy)


def test_labels_are_told_once_and_again_when_they_change(topics):
    known = [("wave", "walk"), 0.7]
    info = detections.LabelInfo(
        topics.create(detections.label_info_type(), detections.LABELS), lambda: tuple(known), topics.destroy
    )
    info.publish(result("7"), HEADER)
    known[0] = ("wave", "walk", "thumbs_up")
    info.publish(result("7"), HEADER)
    known[1] = 0.9
    for _ in range(2):  # no message comes
        info.heartbeat(HEADER)
    first, second, third = topics.sent["actions/label_info"]
    assert [(one.class_id, one.class_name) for one in first.class_map] == [(0, "wave"), (1, "walk")]
    assert first.threshold == 0.7
    assert [one.class_name for one in second.class_map] == ["wave", "walk", "thumbs_up"]
    assert third.threshold == 0.9


def test_without_vision_msgs_there_are_no_labels():
    assert detections.label_info_type() is None
