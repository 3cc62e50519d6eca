"""docs/adapters.md: its table is complete, and its example of an adapter works as it is written there."""

import re
import sys

import numpy as np
import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.messages import decode  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402

PAGE = (ROOT / "docs/adapters.md").read_text()


class Body:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def test_every_adapter_has_its_row_and_says_its_message_and_joints():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)", PAGE, re.MULTILINE))
    del rows["input_type"]  # the head
    assert set(rows) == set(registry.built_in())
    for name, row in rows.items():
        adapter = registry.load(name)
        assert f"`{adapter.message.replace('/msg/', '/')}`" in row, name
        for joints in adapter.topologies:
            assert f"`{joints}`" in row or f"`topology: {joints}`" in row, name


def test_the_adapter_of_the_page(tmp_path, monkeypatch):
    code, build = re.findall(r"```python\n# (?:my_tracker/adapter|setup).py\n(.*?)```", PAGE, re.DOTALL)
    assert len(code.splitlines()) <= 30
    (tmp_path / "my_tracker").mkdir()
    (tmp_path / "my_tracker/adapter.py").write_text(code)
    (tmp_path / "my_tracker-1.0.dist-info").mkdir()
    (tmp_path / "my_tracker-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: my_tracker\nVersion: 1.0\n"
    )
    registered = re.search(r'"(my_tracker = my_tracker.adapter:ADAPTER)"', build)[1]
    (tmp_path / "my_tracker-1.0.dist-info/entry_points.txt").write_text(f"[usdrl_ros.inputs]\n{registered}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        joints = [Body(x=1.0, y=0.1 * n, z=3.0, confidence=0.9) for n in range(17)]
        message = Body(bodies=[Body(name="anna", joints=joints)])
        source = decode(message, "my_tracker", joints=topology("coco_17"), arrival=9.5, frame_id="mast")
        assert (source.frame.stamp, source.frame_id, source.frame.people[0].id) == (9.5, "mast", "anna")
        np.testing.assert_allclose(source.frame.people[0].joints[:, 1], 0.1 * np.arange(17))
        with pytest.raises(ValueError, match="my_tracker_msgs is not installed"):
            registry.find("my_tracker")
        assert registry.load("my_tracker").decoder(Context(topology=topology("coco_17")))
    finally:
        for name in [name for name in sys.modules if name.startswith("my_tracker")]:
            del sys.modules[name]
