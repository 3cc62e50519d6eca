"""What a release needs besides the code: the container, the metadata of the ROS package, the linter of ament."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from helpers.paths import ROOT

import usdrl_model

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PACKAGE = ElementTree.parse(ROOT / "package.xml")


def test_the_container_copies_what_is_there_and_installs_what_the_page_of_installation_names() -> None:
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE)
    assert copied == ["package.xml", "."], "a layer of dependencies, and the sources"
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    for line in re.findall(r"^pip install ([\w .\"<]+?) *(?:#.*)?$", page.partition("## Without ROS")[0], re.MULTILINE):
        for package in line.split():
            assert package.strip('"') in DOCKERFILE, package
    assert set(re.findall(r"humble|jazzy|kilted", DOCKERFILE)) == {"humble", "jazzy", "kilted"}


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
