"""The JSON of the outputs and its schema."""

import dataclasses
import json
import math

import jsonschema
import numpy as np
import pytest
from helpers.paths import ROOT
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.events.onset_offset import Event
from usdrl_model.events.people import PersonEvent
from usdrl_model.online.state import ActionState, PersonState, StreamState
from usdrl_model.states.person import STATES, HeldState, States
from usdrl_model.states.pointing import Ray
from usdrl_ros.outputs.state_json import Heartbeat, ModelInfo, encode_event, encode_state, schema

BEAT = Heartbeat(stamp=1.7e9, period=0.5)
MODEL = ModelInfo(weights="test", hash="0123", device="cpu", precision="float32", runtime="torch",
                  beside={"pair_weights": ("pairs", "4567")})  # fmt: skip
VALIDATOR = jsonschema.Draft202012Validator(schema())

times = st.floats(0.0, 4e9)
scores = st.floats(0.0, 1.0)
anything = st.floats(allow_nan=True, allow_infinity=True)
actions = st.builds(ActionState, label=st.text(min_size=1), active=st.booleans(), score=scores, onset=times)
coordinate = st.floats(-10.0, 10.0)
points = st.tuples(coordinate, coordinate, coordinate)
rays = st.builds(Ray, origin=points, direction=points, hit=st.none() | points)
held = st.builds(HeldState, name=st.sampled_from(STATES), since=times, ray=st.none() | rays)
states = st.builds(
    States, active=st.lists(held, max_size=3).map(tuple), unknown=st.lists(st.sampled_from(STATES)).map(tuple)
)
people = st.builds(
    PersonState,
    id=st.text(),
    position=st.tuples(anything, anything, anything),
    distance=st.just(math.nan) | st.floats(0.0, 50.0),
    bearing=st.just(math.nan) | st.floats(-180.0, 180.0),
    joints=st.just(np.full((25, 3), np.nan)),
    last_seen=times,
    actions=st.lists(actions, max_size=3).map(tuple),
    top=st.lists(st.tuples(st.text(), scores), max_size=7).map(tuple),
    valid_joints=scores,
    states=states,
)
onsets = st.builds(
    Event,
    kind=st.just("onset"),
    seq=st.integers(1),
    person=st.text(),
    label=st.text(),
    onset=times,
    offset=st.none(),
    score=scores,
    stamp=times,
)
ends = st.builds(dataclasses.replace, onsets, kind=st.sampled_from(["offset", "lost"]), offset=st.none() | times)
entries = st.builds(
    PersonEvent,
    kind=st.just("entered"),
    seq=st.integers(1),
    person=st.text(),
    came=times,
    went=st.none(),
    reason=st.none(),
    stamp=times,
)
exits = st.builds(
    dataclasses.replace,
    entries,
    kind=st.just("left"),
    went=times,
    reason=st.sampled_from(["gone", "silent", "reset"]),
)
events = onsets | ends | entries | exits


def encode(state, latency_ms=None, to_published=lambda point: point):
    text = encode_state(
        state, frame_id="camera", to_published=to_published, model=MODEL, latency_ms=latency_ms, heartbeat=BEAT
    )
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return json.loads(text)


def state(*members, **changes):
    return StreamState(**({"stamp": 20.0, "seq": 1, "people": members, "events": ()} | changes))


def person(*going_on, position=(1.0, 2.0, 3.0)):
    return PersonState(
        id="7",
        position=position,
        distance=3.2,
        bearing=18.4,
        joints=np.zeros((25, 3)),
        last_seen=20.0,
        actions=going_on,
        top=(("wave", 0.9), ("none", 0.1)),
        valid_joints=1.0,
    )


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@given(st.lists(people, max_size=3), st.lists(events, max_size=20), times, st.integers(0), anything | st.none())
def test_every_state_keeps_the_contract(members, recent, stamp, seq, latency):
    VALIDATOR.validate(encode(state(*members, events=tuple(recent), stamp=stamp, seq=seq), latency))


@given(events)
def test_an_event_is_its_entry_in_the_state(event):
    assert json.loads(encode_event(event)) == encode(state(events=(event,)))["events"][0]


def test_the_action_to_show_is_the_strongest_active_one():
    going_on = (
        ActionState(label="push", active=False, score=0.9, onset=19.5),
        ActionState(label="wave", active=True, score=0.8, onset=18.0),
        ActionState(label="walk", active=True, score=0.6, onset=12.0),
    )
    shown = encode(state(person(*going_on)))["people"][0]
    assert (shown["label"], shown["state"], shown["score"], shown["since"]) == ("wave", "active", 0.8, 2.0)
    assert [action["state"] for action in shown["actions"]] == ["candidate", "active", "active"]
    assert shown["top5"] == [{"label": "wave", "score": 0.9}, {"label": "none", "score": 0.1}]
    candidate = encode(state(person(going_on[0])))["people"][0]
    assert (candidate["label"], candidate["state"]) == ("push", "candidate")
    nothing = encode(state(person()))["people"][0]
    assert (nothing["label"], nothing["state"], nothing["score"], nothing["onset"]) == (None, "none", None, None)


def test_every_value_of_an_event_is_in_its_place():
    action = Event(kind="offset", seq=3, person="7", label="wave", onset=18.0, offset=19.0, score=0.75, stamp=19.5)
    assert json.loads(encode_event(action)) == {
        "seq": 3, "kind": "offset", "person": "7", "label": "wave", "onset": 18.0, "offset": 19.0, "score": 0.75,
        "stamp": 19.5,
    }  # fmt: skip
    left = PersonEvent(kind="left", seq=4, person="7", came=12.0, went=18.5, reason="gone", stamp=20.0)
    assert json.loads(encode_event(left)) == {
        "seq": 4, "kind": "left", "person": "7", "label": None, "onset": 12.0, "offset": 18.5, "score": None,
        "stamp": 20.0, "reason": "gone",
    }  # fmt: skip


def test_every_value_of_a_state_is_in_its_place():
    top = tuple((label, share) for label, share in zip("abcdef", (0.3, 0.2, 0.15, 0.14, 0.12, 0.09), strict=True))
    seen = dataclasses.replace(person(), valid_joints=0.88, top=top, withheld=("kick",))
    said = encode(state(seen, seq=9), latency_ms=12.345)
    assert (said["seq"], said["latency_ms"], said["frame_id"]) == (9, 12.35, "camera") and "withheld" not in said
    assert said["model"] == {
        "weights": "test", "hash": "0123", "device": "cpu", "precision": "float32", "runtime": "torch",
        "pair_weights": {"weights": "pairs", "hash": "4567"},
    }  # fmt: skip
    (shown,) = said["people"]
    assert (shown["distance"], shown["bearing"], shown["valid_joints"]) == (3.2, 18.4, 0.88)
    assert shown["withheld"] == ["kick"] and [one["label"] for one in shown["top5"]] == list("abcde")
    in_picture = encode(state(seen, flat=True))
    assert in_picture["withheld"].startswith("joints are in a picture")


def test_nothing_has_begun_after_the_newest_frame():
    soon = ActionState(label="wave", active=True, score=0.8, onset=20.1)
    member = dataclasses.replace(person(soon), states=States((HeldState("standing", 20.1),)))
    shown = encode(state(member))["people"][0]
    assert shown["since"] == shown["actions"][0]["since"] == shown["states"]["active"][0]["since"] == 0.0


def test_positions_are_published_ones_and_never_nan():
    assert encode(state(person()), to_published=lambda p: np.array(p) + 1)["people"][0]["position"] == [2, 3, 4]
    nowhere = dataclasses.replace(person(position=(math.nan, 0.0, 0.0)), distance=math.nan, bearing=math.nan)
    shown = encode(state(nowhere))["people"][0]
    assert (shown["position"], shown["distance"], shown["bearing"]) == (None, None, None)


def test_stamps_keep_their_microseconds():
    assert encode(state(stamp=1_795_210_171.123456))["stamp"] == 1_795_210_171.123456


def test_the_example_in_the_documentation_keeps_the_contract():
    text = (ROOT / "docs/state.md").read_text(encoding="utf-8")
    VALIDATOR.validate(json.loads(text.split("```json")[1].split("```")[0]))


def test_the_schema_refuses_what_is_not_the_contract():
    good = encode(state(person()))
    for spoil in (
        lambda bad: bad.update(schema="usdrl.actions/1"),
        lambda bad: bad.pop("seq"),
        lambda bad: bad["people"][0].update(state="active"),
        lambda bad: bad["people"][0].update(position=[1.0]),
        lambda bad: bad.update(extra=1),
    ):
        bad = json.loads(json.dumps(good))
        spoil(bad)
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(bad)


def test_states_say_since_when_and_where_an_arm_points():
    ray = Ray(origin=(0.0, 1.0, 2.0), direction=(0.0, -1.0, 0.0), hit=(0.0, -1.0, 2.0))
    held = (HeldState("standing", 15.0), HeldState("pointing_left", 19.5, ray))
    member = dataclasses.replace(person(), states=States(held, ("sitting",)))
    said = encode(state(member), to_published=lambda point: np.asarray(point)[..., [2, 0, 1]] + 1.0)["people"][0][
        "states"
    ]
    assert said == {
        "active": [
            {"label": "standing", "onset": 15.0, "since": 5.0},
            {
                "label": "pointing_left", "onset": 19.5, "since": 0.5,
                "ray": {"origin": [3.0, 1.0, 2.0], "direction": [0.0, 0.0, -1.0], "hit": [3.0, 1.0, 0.0]},
            },
        ],
        "unknown": ["sitting"],
    }  # fmt: skip


def test_a_state_of_a_node_without_states_is_still_valid():
    text = encode(state(person()))
    del text["people"][0]["states"]
    VALIDATOR.validate(text)
