"""A joint set of one's own may name joints that are never sent; joints that are those of another set are still told."""

from pathlib import Path

import pytest
import yaml
from helpers.source_bench import STANDING, Bench, perform

from usdrl_model.skeleton import topology

NEVER = {"thumb": ("thumb_left", "thumb_right"), "foot": ("foot_left", "foot_right")}


def own(folder: Path, shipped: str, missing: tuple[str, ...]) -> str:
    """A shipped joint set with one joint more, which is never sent: what is made of it is missing."""
    table = yaml.safe_load(Path(topology.__file__).with_name("topologies.yaml").read_text(encoding="utf-8"))
    entry = table[shipped]
    path = folder / "own.yaml"
    rows = dict(entry["map"]) | {joint: {"never": 1} for joint in missing}
    path.write_text(yaml.safe_dump({"joints": [*entry["joints"], "never"], "map": rows}), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("shipped", ["coco_17", "kinect_v2_25", "zed_body_34"])
@pytest.mark.parametrize("missing", NEVER)
def test_a_joint_that_is_never_sent_is_no_fault(tmp_path: Path, shipped: str, missing: str) -> None:
    told = Bench(own(tmp_path, shipped, NEVER[missing])).watch(perform(shipped, scripts=STANDING))
    assert "topology" not in told, told


def test_joints_of_another_set_are_told(tmp_path: Path) -> None:
    told = Bench(own(tmp_path, "kinect_v1_20", NEVER["thumb"])).watch(perform("msr_action3d_20", scripts=STANDING))
    assert told["topology"][1].change == ("topology", "msr_action3d_20")
