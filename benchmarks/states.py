"""How right states by geometry are (docs/states.md), on sets whose labels say something about them.

    python benchmarks/states.py --data stores --people test

A label says of some states that they hold or do not hold in a part of its time; the rest is not scored. An episode
(onset to end of a state as told) is right if it meets a time in which the state holds, wrong if all of it lies where it
does not or if it lasts through the whole of such a time, and otherwise not counted. "found" are the times that an
episode meets. The test people (even subjects, p13 to p15) were not used for any threshold; bandai_namco, cmu_mocap, sbu
and nuisi were not used at all.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from usdrl_model.data.store import Store
from usdrl_model.files import markdown
from usdrl_model.progress import progress
from usdrl_model.skeleton.clip import Clip
from usdrl_model.states.person import STATES, PersonStates

Span = tuple[float, float]
Said = dict[str, bool]
"""State -> whether it holds."""

UP: Said = {"standing": True, "sitting": False, "lying": False, "fallen": False}
LOW: Said = {"sitting": False, "lying": False, "fallen": False}
"""Of crouching, bowing, picking up: what they are not."""
SAT: Said = {"sitting": True, "standing": False, "lying": False, "fallen": False}
DOWN: Said = {"raising_left_arm": False, "raising_right_arm": False, "raising_both_arms": False}
"""No arm over the head."""
STILL: Said = {"pointing_left": False, "pointing_right": False}
"""No arm that points."""
BACK: Said = {"hand_in_front": False}
"""No hand held towards the sensor."""
RIGHT_ONLY: Said = {"raising_left_arm": False, "raising_both_arms": False, "pointing_left": False}
"""The right arm acts, and the left one does nothing."""
FRONT: Said = {"facing_me": True}

EDGE = 0.15
"""Share of a clip at either end in which somebody who sits down or stands up has only one posture."""
AROUND = 1.5
"""Seconds around a labelled instant in which its gesture is seen."""

WHOLE: dict[str, dict[str, Said]] = {
    "utkinect": {
        **{label: UP | DOWN | STILL | BACK for label in ("walk", "clap", "carry")},
        **{label: UP | STILL for label in ("wave", "throw", "push", "pull")},
        "pick_up": LOW | DOWN | STILL,
        **{label: {"lying": False, "fallen": False} | DOWN | STILL | BACK for label in ("sit_down", "stand_up")},
    },
    "utd_mhad": {
        **{label: UP | STILL | DOWN | BACK for label in ("walk", "jog", "clap", "arm_curl", "cross_arms")},
        "boxing": UP | STILL | DOWN,
        **{
            label: UP | RIGHT_ONLY
            for label in ("swipe_left", "swipe_right", "wave", "throw", "draw_x", "draw_circle_clockwise", "knock",
                          "draw_circle_counter_clockwise", "draw_triangle", "catch", "tennis_swing")
        },
        "push": UP | DOWN,
        **{label: LOW | DOWN | STILL for label in ("squat", "lunge")},
        **{label: LOW | RIGHT_ONLY for label in ("bowling", "pick_up_and_throw")},
        **{label: {"lying": False, "fallen": False} | DOWN | STILL | BACK for label in ("sit_down", "stand_up")},
    },
    "msraction3d": {
        **{label: UP | RIGHT_ONLY for label in ("high_arm_wave", "horizontal_arm_wave", "hammer", "forward_punch")},
        **{label: UP | RIGHT_ONLY for label in ("high_throw", "draw_x", "draw_tick", "draw_circle")},
        **{label: UP | STILL | DOWN | BACK for label in ("hand_clap", "jogging", "forward_kick", "side_kick")},
        "two_hand_wave": UP | STILL,
        **{label: LOW | STILL for label in ("bend", "pick_up_and_throw")},
    },
    "msrc12": {
        **{
            label: UP | DOWN | STILL | FRONT | BACK for label in ("goggles", "had_enough", "change_weapon")
        },
        **{label: UP | DOWN | STILL | FRONT for label in ("beat_both", "wind_it_up", "shoot")},
        "push_right": UP | DOWN | FRONT,
        "lift_arms": UP | STILL | FRONT,
        **{label: LOW | DOWN | STILL | BACK for label in ("duck", "kick")},
        "bow": UP | DOWN | STILL | BACK,
        "throw": UP | STILL | {"raising_both_arms": False},
    },
    "bandai_namco": {
        **{label: UP | DOWN | STILL for label in ("walk", "run", "dash", "walk_back", "walk_left", "walk_right", "bow",
                                                 "walk_turn_left", "walk_turn_right")},
        **{label: UP for label in ("bye", "byebye", "guide", "raise_up_both_hands", "wave_both_hands")},
        **{f"{act}_left_hand": UP | {"raising_right_arm": False} for act in ("wave", "raise_up")},
        **{f"{act}_right_hand": UP | {"raising_left_arm": False} for act in ("wave", "raise_up")},
    },
    "cmu_mocap": {
        **{label: UP | DOWN | STILL for label in ("jog", "knee_raise", "twist", "toe_touch_one_hand",
                                                 "toe_touch_two_hands")},
        "squat": LOW, "jumping_jack": UP, "arm_circle": UP, "up_down": {"sitting": False},
    },
    "sbu": {label: UP | DOWN for label in ("approach", "depart", "kick", "push", "handshake", "hug", "exchange_object",
                                           "punch")},
    "nuisi": {label: {"standing": False, "sitting": False, "lying": False} for label in ("handshake", "wave",
              "clapfist", "fistbump", "highfive", "rocket")},
}  # fmt: skip
"""Set -> label -> what it says of all of its time, but for what ``ONCE`` says. ``sbu`` runs and hugs: no pointing."""
ONCE: dict[str, dict[str, tuple[str, ...]]] = {
    "bandai_namco": {
        "raise_up_both_hands": ("raising_left_arm", "raising_right_arm", "raising_both_arms"),
        "raise_up_left_hand": ("raising_left_arm",), "raise_up_right_hand": ("raising_right_arm",),
    },
    "msrc12": {"lift_arms": ("raising_both_arms",), "shoot": ("hand_in_front",)},
    "cmu_mocap": {"jumping_jack": ("raising_both_arms",)},
}  # fmt: skip
"""Set -> label -> states that hold at some time of it."""
LATE = 0.3
"""Seconds by which a state may end after what caused it."""
EVEN = ("utkinect", "utd_mhad", "msraction3d")
"""Sets whose even subjects are the test people; of msrc12 it is p13 to p15, of the others everybody."""


@dataclass(slots=True)
class Count:
    """One state on one set."""

    spans: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0
    seconds: float = 0.0
    """In which the state does not hold."""
    labels: dict[str, int] = field(default_factory=dict)
    """Label -> wrong episodes."""


def people_of(dataset: str, subject: str | None) -> str:
    """Part of a subject: "train" or "test"."""
    if dataset in EVEN:
        return "test" if int(subject or 0) % 2 == 0 else "train"
    return "test" if dataset != "msrc12" or (subject or "") >= "p13" else "train"


def truth(clip: Clip) -> Iterator[tuple[str, str, bool, Span]]:
    """(state, label, whether it holds, from when to when) as far as the labels say."""
    said, once = WHOLE.get(clip.dataset, {}), ONCE.get(clip.dataset, {})
    first, last = float(clip.stamps[0]), float(clip.stamps[-1])
    if clip.label is not None:
        spans = [(clip.label, (first, last))]
    elif clip.dataset == "msrc12":  # instants of one gesture, which is all that is done in the recording
        spans = [(label, (first, last)) for label in {segment.label for segment in clip.segments}]
        for segment in clip.segments:
            for state in once.get(segment.label, ()):
                yield state, segment.label, True, (segment.start - AROUND, segment.start + AROUND)
    else:
        spans = [(segment.label, (segment.start, segment.end)) for segment in clip.segments]
        downs, ups = ([span for name, span in spans if name == label] for label in ("sit_down", "stand_up"))
        for (_, sat), (rose, _) in zip(downs, ups, strict=False):
            if sat < rose:
                for state, holds in SAT.items():
                    yield state, "seated", holds, (sat, rose)
    for label, (start, end) in spans:
        for state, holds in said.get(label, {}).items():
            yield state, label, holds, (start, end)
        if clip.dataset != "msrc12":
            for state in once.get(label, ()):
                yield state, label, True, (start, end)
        if clip.dataset == "utd_mhad" and label in ("sit_down", "stand_up"):
            edges = ((start, start + EDGE * (end - start)), (end - EDGE * (end - start), end))
            for said_then, edge in zip((UP, SAT) if label == "sit_down" else (SAT, UP), edges, strict=True):
                for state, holds in said_then.items():
                    yield state, label, holds, edge


def episodes(clip: Clip, person: int) -> dict[str, list[Span]]:
    """State -> when it was told to hold, from onset to end."""
    states, told, last = PersonStates(), dict[str, dict[float, float]](), -np.inf
    for row, stamp in enumerate(clip.stamps.tolist()):
        if stamp > last and clip.confidence[row, person].any():
            last = stamp
            states.add(stamp, clip.joints[row, person], clip.confidence[row, person], np.zeros(3))
            for held in states.snapshot().active:
                told.setdefault(held.name, {})[held.since] = stamp
    return {state: list(spans.items()) for state, spans in told.items()}


def count(clip: Clip, counts: dict[str, Count]) -> None:
    """Add a recording."""
    said = list(truth(clip))
    for person in range(len(clip.people)):
        told = episodes(clip, person)
        for state in {state for state, *_ in said}:
            one = counts.setdefault(state, Count())
            holds = [span for name, _, there, span in said if name == state and there]
            not_there = [(label, span) for name, label, there, span in said if name == state and not there]
            one.spans += len(holds)
            one.found += sum(any(_meet(span, other) for other in told.get(state, [])) for span in holds)
            one.seconds += sum(end - start for _, (start, end) in not_there)
            for span in told.get(state, []):
                meets = any(_meet(span, other) for other in holds)
                one.right += meets
                # All of it where the state does not hold, or through the whole of such a time.
                wrong = (
                    name for name, other in not_there if (_inside(span, other) and not meets) or _inside(other, span)
                )
                if (label := next(wrong, None)) is not None:
                    one.wrong += 1
                    one.labels[label] = one.labels.get(label, 0) + 1


def _meet(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _inside(inner: Span, outer: Span) -> bool:
    """``inner`` begins and ends within ``outer``, or just around it."""
    return outer[0] - LATE <= inner[0] and inner[1] <= outer[1] + LATE


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a store (usdrl data import)")
    parser.add_argument("--people", choices=("train", "test"), default="test")
    parser.add_argument("--sets", nargs="+", default=list(WHOLE), choices=list(WHOLE))
    parser.add_argument("--every", type=int, default=1, help="only every n-th recording (default: 1)")
    arguments = parser.parse_args()
    rows = []
    for dataset in arguments.sets:
        store = Store.open(arguments.data / dataset)
        chosen = [i for i in range(len(store)) if people_of(dataset, store.describe(i).subject) == arguments.people]
        counts: dict[str, Count] = {}
        for index in progress(chosen[:: arguments.every], dataset):
            count(store[index], counts)
        for state in STATES:
            if state in counts:
                rows.append(_row(dataset, state, counts[state]))
    columns = ["set", "state", "holds", "found", "told right", "told wrong", "precision", "wrong an hour", "wrong in"]
    print(markdown.table(columns, rows))


def _row(dataset: str, state: str, one: Count) -> list[str]:
    told = one.right + one.wrong
    worst = sorted(one.labels.items(), key=lambda pair: -pair[1])[:3]
    return [
        dataset,
        f"`{state}`",
        str(one.spans or "-"),
        f"{100 * one.found / one.spans:.1f} %" if one.spans else "-",
        str(one.right),
        str(one.wrong),
        f"{100 * one.right / told:.1f} %" if told and one.spans else "-",
        f"{3600 * one.wrong / one.seconds:.1f} in {one.seconds / 3600:.2f} h" if one.seconds else "-",
        ", ".join(f"{label} {number}" for label, number in worst),
    ]


if __name__ == "__main__":
    main()
