"""docs/adapters.md: its table is complete, and its example of an adapter works as it is written there."""

import json
import re
import shlex
import sys
import textwrap

import numpy as np
import pytest
import yaml
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.messages import decode  # noqa: E402
from helpers.people import pose  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_model.skeleton.person import AXES, UNITS  # noqa: E402
from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.mediapipe import AHEAD  # noqa: E402
from usdrl_ros.inputs.options import PREFIX  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import header  # noqa: E402
from usdrl_ros.parameters.declarations import PARAMETERS  # noqa: E402

PAGE = (ROOT / "docs/adapters.md").read_text()


class Body:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def test_every_adapter_has_its_row_and_says_its_message_and_joints():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)", PAGE, re.MULTILINE))
    del rows["input_type"]  # the head
    assert set(rows) == set(registry.built_in()), "docs/adapters.md: a row an adapter of setup.py, once installed again"
    for name, row in rows.items():
        adapter = registry.load(name)
        assert f"`{adapter.message.replace('/msg/', '/')}`" in row, name
        for joints in adapter.topologies:
            assert f"`{joints}`" in row or f"`topology: {joints}`" in row, name


def commands():
    """(What it is for, its parameters) of each command of the section."""
    (block,) = re.findall(
        r"^## A command for each tracker in space\n.*?```bash\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE
    )
    lines = block.splitlines()
    for title, line in zip(lines[::2], lines[1::2], strict=True):
        words = shlex.split(line)
        assert title.startswith("# ") and words[:2] == ["usdrl-perception", "--ros-args"]
        yield title, dict(one.split(":=") for one in words if ":=" in one)


def test_by_no_command_of_ros4hri_most_of_the_joints_are_left_out():
    """The links of tf that are not measured are half of the joints, without which no action is told."""
    found = {title: given for title, given in commands() if "ROS4HRI" in title}
    (flat,) = (given for title, given in found.items() if "without a depth image" in title)
    assert (flat["input_type"], flat["weights"]) == ("rep155", "hri_2d") and "picture_size" in flat
    links = [given for given in found.values() if given["input_type"] == "rep155_tf"]
    assert [one["input.all_links"] for one in links] == ["true"]


def test_of_people_by_the_table_of_rigid_bodies_all_labels_are_judged(tmp_path):
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "bodies.yaml").write_text(textwrap.dedent(text))
    table = yaml.safe_load(textwrap.dedent(text))
    joints, stream = topology("kinect_v2_25"), ActionStream.from_pretrained("hri", topology="kinect_v2_25")
    for step in range(30):
        at = pose(100.0 + step / 10, up=False)
        places = {name: Body(**dict(zip("xyz", at[joints.index(joint)], strict=True)))
                  for name, joint in table["bodies"].items()}  # fmt: skip
        bodies = [Body(rigid_body_name=f"anna{table['separator']}{name}", pose=Body(position=place))
                  for name, place in places.items()]  # fmt: skip
        message = Body(rigidbodies=bodies, header=header(100.0 + step / 10, "map"))
        stream.push(decode(message, "rigid_bodies", joints=joints, file=str(tmp_path / "bodies.yaml")).frame)
    stream.infer()
    (anna,) = stream.state().people
    assert (anna.id, anna.withheld, anna.states.unknown) == ("anna", (), ())


def test_every_command_names_an_adapter_and_its_joints_and_no_parameter_that_it_ignores():
    declared, seen = {one.name for one in PARAMETERS}, set()
    for _, given in commands():
        adapter = registry.load(given["input_type"])
        assert given.keys() <= declared | {f"{PREFIX}{one.name}" for one in adapter.options}
        topology(given["topology"])
        assert given["topology"] in (adapter.topologies or [given["topology"]])
        assert given.get("axes", "optical") in AXES
        assert given.get("units", "m") in UNITS
        assert not (adapter.axes and "axes" in given)
        assert not (adapter.units and "units" in given)
        seen.add(given["input_type"])
    in_space = {name for name in registry.built_in() if not registry.load(name).plane}
    like_json = {"mediapipe_poses", "mediapipe_cloud", "mediapipe_array"}
    assert in_space - seen == like_json, "docs/adapters.md, 'A command for each tracker in space'"


def test_what_the_program_for_mediapipe_publishes_is_a_person_before_the_camera():
    (code,) = re.findall(r"(def publish\(landmarks, stamp\):.*?)```", PAGE, re.DOTALL)
    sent = []
    names = {"json": json, "String": String, "publisher": Body(publish=sent.append)}
    exec(code, names)
    landmarks = [Body(x=0.01 * n + 0.001, y=-0.02 * n, z=0.0, visibility=0.9) for n in range(-23, 10)]
    names["publish"](landmarks, Body(sec=12, nanosec=500_000_000))
    names["publish"]([], Body(sec=13, nanosec=0))
    somebody, nobody = (decode(one, "mediapipe_json", joints=topology("mediapipe_33")) for one in sent)
    assert (somebody.frame.stamp, somebody.frame_id, len(somebody.frame.people)) == (12.5, "camera_optical_frame", 1)
    assert (nobody.frame.stamp, nobody.frame.people) == (13.0, ())
    np.testing.assert_allclose(somebody.frame.people[0].joints[:, 2], AHEAD)
    np.testing.assert_allclose(somebody.frame.people[0].confidence, 0.9)


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
