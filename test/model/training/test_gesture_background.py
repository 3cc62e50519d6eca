"""What the windows of a background show, of which gestures are told apart."""

import dataclasses

from helpers.tiny_finetuning import recording

from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.training import gesture_background
from usdrl_model.windows.shape import WindowShape

LONG = dataclasses.replace(recording("a", 10.0, 20.0), segments=())


def shown(of: Recording) -> list[str]:
    """Labels of the windows of which somebody knows what they show."""
    found = gesture_background.windows(of, 10.0, WindowShape(frames=16), 1.0)
    return [label for _, label in found if label is not None]


def test_an_action_is_shown_by_who_is_there_then_and_not_by_who_was_there_before() -> None:
    away = [dataclasses.replace(one, people=()) if 18.0 < one.stamp < 22.0 else one for one in LONG.frames]
    two = dataclasses.replace(LONG, frames=tuple(away))
    actions = (Segment("1", "before", 12.0, 14.0), Segment("1", "after", 24.0, 26.0), Segment("1", "point", 27.0, 27.0))
    assert shown(dataclasses.replace(two, segments=actions)) == ["before", "after", "point"]
    leaving, coming = Segment("1", "leaving", 17.0, 20.0), Segment("1", "coming", 21.0, 24.0)
    assert shown(dataclasses.replace(two, segments=(leaving, coming))) == ["leaving", "coming"]
    assert shown(dataclasses.replace(two, segments=(Segment("1", "gone", 19.0, 21.0),))) == []


def test_what_nobody_knows_is_no_class() -> None:
    assert shown(dataclasses.replace(LONG, label="wave")) == ["wave"]
    assert shown(dataclasses.replace(LONG, label=AMBIGUOUS)) == []
    assert shown(dataclasses.replace(LONG, segments=(Segment("1", AMBIGUOUS, 12.0, 14.0),))) == []
