"""Arguments of the launch file become values of parameters, or errors, before any process is started."""

import re

import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from usdrl_ros.parameters import launch_arguments  # noqa: E402
from usdrl_ros.parameters.declarations import NAMES  # noqa: E402


def test_arguments_are_parameters_with_their_descriptions():
    assert set(launch_arguments.NAMES) <= NAMES
    assert all(launch_arguments.DESCRIPTIONS.values())


def test_what_is_empty_is_not_given():
    assert launch_arguments.parameters(dict.fromkeys(launch_arguments.DESCRIPTIONS, "")) == {}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("topology", "k4abt_32", "k4abt_32"),
        ("target_frame", "map", "map"),
        ("weights", "1", "1"),
        ("mirrored", "true", True),
        ("autostart", "False", False),
        ("use_sim_time", "true", True),
        ("sensor_pose", "[0, 0, 1.2, 0, 0.3, 0]", [0.0, 0.0, 1.2, 0.0, 0.3, 0.0]),
        ("sensor_pose", "0 0 1.2 0 0.3 0", [0.0, 0.0, 1.2, 0.0, 0.3, 0.0]),
        ("watch", "[wave, 'clap']", ["wave", "clap"]),
        ("watch", "wave,clap", ["wave", "clap"]),
        ("watch", "[]", [""]),
    ],
)
def test_texts_become_values_of_the_type_that_the_node_declares(name, text, value):
    (found,) = launch_arguments.parameters({name: text}).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("topology", "k4abt32", "did you mean 'k4abt_32'"),
        ("axes", "bodi", "did you mean 'body'"),
        ("units", "metre", "Allowed: m, cm, mm"),
        ("autostart", "maybe", "autostart: expected true or false, got 'maybe'"),
        ("sensor_pose", "[0, 0, high]", "sensor_pose: expected a number, got 'high'"),
    ],
)
def test_what_is_no_value_is_refused(name, text, message):
    with pytest.raises(ValueError, match=f"(?i){message}"):
        launch_arguments.parameters({name: text})


def test_unknown_arguments_name_the_nearest():
    known = ("topic", "topology", "rviz")
    launch_arguments.check_names(["topic:=a", "--verbose", "a b"], known)
    with pytest.raises(ValueError, match="no argument 'topolgy'; did you mean 'topology'"):
        launch_arguments.check_names(["topic:=a", "topolgy:=b"], known)
    with pytest.raises(ValueError, match="no argument 'xyz'; there are topic, topology, rviz"):
        launch_arguments.check_names(["xyz:=b"], known)


KNOWN = {*launch_arguments.DESCRIPTIONS, "params_file", "namespace", "respawn", "rviz", "fixed_frame"}


def documentation():
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("usdrl_model/checkpoints/detectors/*/card.yaml")]
    return "\n".join(page.read_text(encoding="utf-8").replace("\\\n", " ") for page in pages)


def test_what_is_written_as_an_argument_alone_is_one():
    others = {"use_tracking"}  # of yolo_ros
    written = set(re.findall(r"`(\w+):=", documentation()))
    assert {"weights", "autostart"} <= written <= KNOWN | others, "other parameters are written -p name:=value"


def test_the_page_of_the_parameters_has_every_argument():
    declared = re.search(r"^ARGUMENTS = \{(.*?)^\}", (ROOT / "launch/perception.launch.py").read_text(), re.M | re.S)[1]
    assert {*launch_arguments.DESCRIPTIONS, *re.findall(r'^    "(\w+)":', declared, re.M)} == KNOWN
    (told,) = re.findall(r"^`ros2 launch .*?\n\n", (ROOT / "docs/parameters.md").read_text(), re.M | re.S)
    assert not KNOWN - set(re.findall(r"`(\w+)[`:]", told))


def test_arguments_in_the_documentation_exist():
    text = documentation()
    given = [re.findall(r"(\w+):=", line) for line in re.findall(r"perception\.launch\.py(.*)", text)]
    assert len(given) > 9
    assert {name for names in given for name in names} <= KNOWN
