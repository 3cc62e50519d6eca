"""A tracker that gives people new ids where they are."""

import dataclasses
from collections.abc import Callable

import pytest
from helpers.people import play, pose
from helpers.rule_detector import hand_up_weights

from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame

RATE, SECONDS = 15.0, 6.0


def renewals(people: Callable[[int], list[tuple[str, float]]]) -> ActionStream:
    """Everybody stands, and nobody at last; ``people``: ids and places to the side of a frame, by its number."""
    return play([
        SkeletonFrame(
            100.0 + number / RATE,
            tuple(Person(id_, pose(number / RATE, False, aside)) for id_, aside in people(number)),
        )
        for number in range(round(SECONDS * RATE))
    ] + [SkeletonFrame(100.0 + SECONDS + 0.5)])[0]  # fmt: skip


@pytest.mark.parametrize("often", [1, 3, 30])
@pytest.mark.parametrize("crowd", [1, 3])
def test_every_new_id_of_somebody_who_is_there_counts(often: int, crowd: int) -> None:
    stream = renewals(lambda number: [(f"{who}-{number // often}", 1.5 * who) for who in range(crowd)])
    assert stream.counters["ids_renewed"] == crowd * ((SECONDS * RATE - 1) // often)


def test_new_ids_of_one_of_two_trackers_count() -> None:
    stream = renewals(lambda number: [("steady", 0.0) if number % 2 else (str(number), 0.05)])
    assert stream.counters["ids_renewed"] == SECONDS * RATE // 2 - 1


@pytest.mark.parametrize(
    "people",
    [
        lambda number: [("1", 0.0)] + [("2", 0.1)] * (number > 30),
        lambda number: [(str(number // 10), 0.5 * (number // 10))],
        lambda number: [("1", 0.0)] * (number < 30) + [("2", 0.0)] * (number > 36),
        lambda number: [("1", 0.0)] * (number % 3 > 0) + [("2", 0.1)],
        lambda number: [("12"[number % 2], 0.0)] if number % 20 < 10 else [],
        lambda number: [("2", 0.05)] if number % 20 in (1, 3, 5) else [("1", 0.0)],
        lambda number: [[("1", 0.0)], [("2", 0.1)], [("3", 0.2)] * (number % 20 < 10)][number % 3],
    ],
    ids=[
        "beside another",
        "elsewhere",
        "after a while",
        "seen now and then",
        "of two in turn",
        "at the edge of another tracker's view",
        "beside two with messages of their own",
    ],
)
def test_people_who_come_are_no_new_names(people: Callable[[int], list[tuple[str, float]]]) -> None:
    assert renewals(people).counters["ids_renewed"] == 0


def test_ids_of_our_own_are_never_renewed() -> None:
    pytest.importorskip("scipy")
    weights = hand_up_weights()
    config = dataclasses.replace(weights.config.stream, ids="own")
    stream = ActionStream(weights, topology="kinect_v2_25", config=config)
    for number in range(30):
        stream.push(SkeletonFrame(100.0 + number / RATE, (Person(str(number), pose(number / RATE, False)),)))
    assert (len(stream.people), stream.counters["ids_renewed"]) == (1, 0)
