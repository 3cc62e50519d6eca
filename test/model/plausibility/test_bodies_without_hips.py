"""People of whom no hip is seen: axes and signs are told by their heads, and no posture is a fault."""

import numpy as np
import pytest
from helpers.acting import script
from helpers.source_bench import BODY, OPTICAL, Bench, perform

from usdrl_model.plausibility.findings import Finding
from usdrl_model.skeleton.topology import topology

COCO = "coco_17"
HIDDEN = [name.startswith(("hip", "knee", "ankle")) for name in topology(COCO).joints]


def told(axes: str, sends: np.ndarray, *acts: tuple[str, float]) -> dict[str, Finding]:
    def change(sent: np.ndarray) -> np.ndarray:
        return np.where(np.array(HIDDEN)[:, None], np.nan, sent)

    recording = perform(COCO, scripts=(script(*acts),) * 2)
    return {
        key: finding
        for key, (_, finding) in Bench(COCO, axes=axes, sends=sends, change=change).watch(recording).items()
    }


@pytest.mark.parametrize(
    ("axes", "sends", "right"),
    [
        ("optical", BODY.T, "body"),
        ("optical", np.eye(3), "kinect"),
        ("body", OPTICAL.T, "optical"),
    ],
)
def test_wrong_axes_are_told(axes: str, sends: np.ndarray, right: str) -> None:
    found = told(axes, sends, ("idle", 3.0), ("wave", 4.0), ("walk", 4.0), ("clap", 3.0))
    assert found["axes"].change == ("axes", right), found


@pytest.mark.parametrize("acts", [(("sit_down", 2.0), ("look_at_phone", 12.0)), (("pick_up", 3.0),) * 5])
def test_heads_that_are_bowed_are_no_fault(acts: tuple[tuple[str, float], ...]) -> None:
    for axes, sends in (("optical", OPTICAL.T), ("body", BODY.T)):
        assert set(told(axes, sends, *acts)) == {"legs"}
