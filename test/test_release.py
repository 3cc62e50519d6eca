"""What a release needs besides the code: the container, the metadata of the ROS package, the linter of ament."""

import configparser
import itertools
import json
import re
import shlex
import xml.etree.ElementTree as ElementTree

import pytest
from helpers.paths import ROOT

import usdrl_model
from usdrl_ros.parameters.declarations import NAMES

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PACKAGE = ElementTree.parse(ROOT / "package.xml")


def pip_lines(page: str) -> list[list[str]]:
    """What each line ``pip install`` of a page installs on a machine with ROS 2."""
    text = (ROOT / page).read_text(encoding="utf-8").partition("Without ROS\n")[0]
    return [shlex.split(line, comments=True) for line in re.findall(r"^pip install (.+)$", text, re.MULTILINE)]


def test_the_container_copies_what_is_there_and_installs_what_the_page_of_installation_names() -> None:
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE)
    assert copied == ["package.xml", "."], "a layer of dependencies, and the sources"
    (named,) = pip_lines("docs/install.md")
    assert len(named) > 5
    for package in named:
        assert package in DOCKERFILE, package
    assert set(re.findall(r"humble|jazzy|kilted", DOCKERFILE)) == {"humble", "jazzy", "kilted"}


def test_the_first_page_and_the_page_of_installation_build_by_the_same_lines() -> None:
    """Who follows one of them needs no other, so the lines stand in both."""
    blocks = [
        re.search(r"^(source /opt/ros/.*?&& source install/setup\.bash)$", text, re.MULTILINE | re.DOTALL)
        for text in ((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/install.md"))
    ]
    first, other = (block[1] for block in blocks if block)
    assert first == other and len(first.splitlines()) == 5


def test_what_a_distribution_has_too_old_is_installed_beside_it() -> None:
    """Humble's transforms3d does not import with the numpy that other libraries bring."""
    (wanted,) = re.findall(r'"(transforms3d[^"]*)"', (ROOT / "setup.py").read_text(encoding="utf-8"))
    release = tuple(int(part) for part in wanted.partition(">=")[2].split("."))
    assert release >= (0, 4, 2), "the first that imports with numpy 2"
    for page in ("README.md", "docs/install.md"):
        assert [wanted in line for line in pip_lines(page)] == [True], page
    assert f'"{wanted}"' in DOCKERFILE


def test_the_unit_of_systemd_starts_what_is_installed_and_logs_where_it_may() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8").partition("### On a robot\n")[2]
    (text,) = re.findall(r"^```ini\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(text)
    assert list(unit) == ["DEFAULT", "Unit", "Service", "Install"]
    service = unit["Service"]
    assert service["Restart"] == "always" and float(service["RestartSec"]) > 0
    variables = dict(word.split("=", 1) for word in shlex.split(service["Environment"]))
    assert variables["ROS_LOG_DIR"] == f"/var/log/{service['LogsDirectory']}"
    shell, option, script = shlex.split(service["ExecStart"])
    assert (shell, option) == ("/bin/bash", "-c")
    started = script.rpartition("exec ")[2].split()
    assert started[0].endswith("/install/usdrl_ros/lib/usdrl_ros/usdrl-perception"), "no process between it and systemd"
    given = [value.partition(":=") for flag, value in itertools.pairwise(started) if flag == "-p"]
    assert {name for name, _, _ in given} <= set(NAMES)
    (argument,) = re.findall(r"--build-arg (TORCH)=onnxruntime", page)
    assert f"ARG {argument}=" in DOCKERFILE


def test_the_context_of_the_container_has_no_environments_and_no_outputs() -> None:
    ignored = {entry.removeprefix("**/") for entry in (ROOT / ".dockerignore").read_text(encoding="utf-8").split()}
    names = {name.rstrip("/") for name in (ROOT / ".gitignore").read_text(encoding="utf-8").split()}
    assert {name for name in names - ignored if not name.endswith("_cache")} == set()
    assert ".*_cache" in ignored


def test_the_change_log_is_that_of_this_package() -> None:
    lines = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8").splitlines()
    assert lines[1] == f"Changelog for package {PACKAGE.findtext('name')}"
    versions = [before for before, line in zip(lines, lines[1:], strict=False) if re.fullmatch(r"-{3,}", line)]
    assert versions[0] == "Forthcoming" or versions[0].startswith(usdrl_model.__version__)


def test_ament_accepts_package_xml() -> None:
    main = pytest.importorskip("ament_xmllint.main", reason="needs ament_xmllint (rosdep installs it)")
    assert main.main([str(ROOT / "package.xml")]) == 0


PANELS = {
    "3D": {"cameraState", "followMode", "scene", "transforms", "layers", "topics", "publish", "imageMode"},
    "RawMessages": {"topicPath", "diffEnabled", "diffMethod", "diffTopicPath", "showFullMessageForDiff"},
    "StateTransitions": {"paths", "isSynced", "foxglovePanelTitle"},
    "DiagnosticSummary": {"minLevel", "pinnedIds", "hardwareIdFilter", "topicToRender", "sortByLevel"},
}
"""Type of a Foxglove panel -> settings that layouts of its exports have."""


def test_the_layout_has_the_form_of_layouts_that_foxglove_exports() -> None:
    layout = json.loads((ROOT / "config" / "perception.foxglove.json").read_text(encoding="utf-8"))
    assert set(layout) == {"configById", "globalVariables", "userNodes", "playbackConfig", "layout"}
    for name, settings in layout["configById"].items():
        kind, separator, _ = name.partition("!")
        assert separator and set(settings) <= PANELS[kind], name
    for path in layout["configById"]["StateTransitions!watch"]["paths"]:
        assert path["timestampMethod"] in ("receiveTime", "headerStamp")

    def check(part: object) -> None:
        if isinstance(part, dict):
            assert {"first", "second", "direction"} <= set(part) <= {"first", "second", "direction", "splitPercentage"}
            assert part["direction"] in ("row", "column") and 0 < part.get("splitPercentage", 50) < 100
            check(part["first"])
            check(part["second"])

    check(layout["layout"])
