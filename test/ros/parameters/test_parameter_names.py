"""Names of parameters that somebody gave: slips of the pen are errors before anything runs."""

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.exceptions import ParameterException  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

from usdrl_model.files import limits  # noqa: E402
from usdrl_ros.camera import parameters as camera  # noqa: E402
from usdrl_ros.demo import performer_node as performer  # noqa: E402
from usdrl_ros.parameters import declarations  # noqa: E402
from usdrl_ros.parameters.names import check_file, check_given, warn_of_unread  # noqa: E402

KNOWN = ("topic", "topology", "max_rate", "target_frame")


@pytest.fixture
def start():
    """A node that was started with some parameters."""
    rclpy.init()
    nodes = []

    def started(**given):
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in given.items()]
        nodes.append(rclpy.create_node("usdrl_perception", parameter_overrides=overrides))
        return nodes[-1]

    yield started
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown()


def test_a_slip_of_the_pen_names_the_parameter_that_was_meant(start):
    with pytest.raises(ParameterException, match="did you mean 'topology'.*topolgy"):
        check_given(start(topolgy="kinect_v2_25"), KNOWN)


def test_other_names_are_left_to_whom_they_belong(start):
    check_given(start(topic="people", rate=10.0, use_sim_time=True, qos_overrides__topic="x"), KNOWN)


NODES = {"usdrl_perception": declarations.NAMES, "usdrl_camera": camera.NAMES, "performer": performer.PARAMETERS}


@pytest.mark.parametrize("node", NODES)
def test_no_node_of_the_package_takes_a_parameter_of_another_for_a_slip(start, tmp_path, node):
    """One file may start them all."""
    every = sorted({name for names in NODES.values() for name in names})
    check_given(start(**{name.replace(".", "__"): "x" for name in every}), NODES[node])
    text = "/**:\n  ros__parameters:\n" + "".join(f"    {name}: x\n" for name in every)
    assert check_file(written(tmp_path, text), f"/{node}", NODES[node])


def test_where_a_name_of_another_node_belongs_is_said(start, tmp_path):
    """ROS does not tell where a value comes from, and launch files write their own parameters under ``/**``."""
    with pytest.raises(ParameterException, match="'target_frame' .*in a section of that node"):
        check_given(start(target_frames="map"), KNOWN)
    path = written(tmp_path, "/**:\n  ros__parameters: {target_frames: map}\n")
    with pytest.raises(ValueError, match=r"'target_frame'\? \(one of another node belongs in a section of that node"):
        check_file(path, "/usdrl_perception", KNOWN)


def written(tmp_path, text):
    path = tmp_path / "robot.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("node", ["/**", "usdrl_perception", "/robot/usdrl_perception", "/robot:\n  usdrl_perception"])
def test_a_slip_in_a_params_file_is_found_wherever_the_node_is_named(tmp_path, node):
    indent = "    " if "\n" in node else "  "
    path = written(tmp_path, f"{node}:\n{indent}ros__parameters:\n{indent}  target_fram: map\n")
    with pytest.raises(
        ValueError, match=r"robot\.yaml: there is no parameter 'target_fram'; did you mean 'target_frame'"
    ):
        check_file(path, "/robot/usdrl_perception" if "robot" in node else "/usdrl_perception", KNOWN)


@pytest.mark.parametrize(
    ("section", "node", "reached"),
    [
        ("/**", "/front/usdrl_perception", True),
        ("/**/usdrl_perception", "/robot/front/usdrl_perception", True),
        ("/**/usdrl_perception", "/usdrl_perception", True),
        ("/*/usdrl_perception", "/front/usdrl_perception", True),
        ("/*/usdrl_perception", "/usdrl_perception", False),
        ("/front/*", "/front/usdrl_perception", True),
        ("front/usdrl_perception", "/front/usdrl_perception", True),
        ("/front/usdrl_perception", "/back/usdrl_perception", False),
        ("usdrl_perception", "/front/usdrl_perception", False),
        ("perception", "/usdrl_perception", False),
    ],
)
def test_a_params_file_that_reaches_no_node_is_refused(tmp_path, section, node, reached):
    path = written(tmp_path, f"{section}:\n  ros__parameters: {{topic: people}}\n")
    if reached:
        assert check_file(path, node, KNOWN)
    else:
        with pytest.raises(ValueError, match=f"expected a section {node} or "):
            check_file(path, node, KNOWN)
        assert not check_file(path, node, KNOWN, others=[section.replace("*", "any")]), "it is for another"


def test_parameters_of_other_nodes_are_theirs(tmp_path):
    text = "/**:\n  ros__parameters:\n    rate: 3\n    topic: a\nother:\n  ros__parameters: {topolgy: x}\n"
    check_file(written(tmp_path, text), "usdrl_perception", KNOWN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not a YAML file"),
        ("topic: people\n", "found no ros__parameters"),
        ("", "found no ros__parameters"),
        ("#" * (limits.YAML + 1), "params_file: .*bytes"),
    ],
)
def test_what_is_no_params_file_is_said_to_be_none(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        check_file(written(tmp_path, text), "usdrl_perception", KNOWN)


def test_a_params_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"params_file: there is no file .*robot\.yaml"):
        check_file(tmp_path / "robot.yaml", "usdrl_perception", KNOWN)


@pytest.mark.parametrize(
    ("sections", "unread"),
    [
        (["/front/usdrl_perception"], [0]),
        (["/**"], []),
        (["/front/usdrl_perception", "/back/eyes"], [0]),
        (["/back/eyes:\n  ros__parameters: {topic: people}\nother"], []),
        (["usdrl_perception", "/**/usdrl_perception"], [0, 1]),
    ],
)
def test_a_process_says_which_of_its_params_files_are_for_others(tmp_path, capfd, sections, unread):
    files = [tmp_path / f"{number}.yaml" for number in range(len(sections))]
    for file, section in zip(files, sections, strict=True):
        file.write_text(f"{section}:\n  ros__parameters: {{topic: people}}\n", encoding="utf-8")
    given = [word for file in files for word in ("--params-file", str(file))]
    words = ["--ros-args", *given, "-r", "__ns:=/back", "-r", "__node:=eyes"]
    rclpy.init(args=words)
    node = rclpy.create_node("usdrl_perception")
    warn_of_unread(node, words)
    node.destroy_node()
    rclpy.shutdown()
    told = [line for line in capfd.readouterr().err.splitlines() if "WARN" in line]
    assert len(told) == len(unread)
    for line, number in zip(told, unread, strict=True):
        expected = (
            f"params file {files[number]}: expected a section /back/eyes or /**, found /{sections[number].lstrip('/')}"
        )
        assert expected in line and "all of it is ignored" in line
