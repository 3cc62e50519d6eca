"""The shipped detector of pairs, beside the default one, on real pairs that it has not learnt from."""

from __future__ import annotations

from helpers.paths import public

from usdrl_model.data import catalogue, protocols, vocabulary
from usdrl_model.data.compose_pairs import streams
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.inference import load
from usdrl_model.online.stream import ActionStream


def test_hugs_of_other_pairs_are_told_of_both() -> None:
    words, test = vocabulary.load("hri"), protocols.Split.of("sbu", "standard/test")
    hugs = [one for one in catalogue.load("sbu", public("sbu")) if one.label == "hug" and test.has(one)]
    known = [one for clip in hugs if (one := in_vocabulary(clip, "sbu", words, pairs=True)) is not None]
    weights = load.load("hri", "cpu"), load.load("pairs", "cpu")
    told = []
    for recording in list(streams(known, 0, pairs=True))[:2]:
        stream = ActionStream(weights[0], topology=recording.topology, pairs=weights[1])
        assert stream.pair_labels == ("shake_hands", "hug", "hand_over", "approach", "depart")
        events = [event for frame in recording.frames for event in stream.push(frame)]
        told += [(event.person, event.label) for event in events if event.label in stream.pair_labels]
    assert {("1", "hug"), ("2", "hug")} <= set(told)
    between = {"approach", "depart"}  # from one clip to the next
    assert {label for _, label in told} <= {"hug", *between}
