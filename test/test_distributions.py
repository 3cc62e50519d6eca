"""What pip and whoever builds from the sources get: which files, and under which terms."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from email.parser import HeaderParser
from pathlib import Path

import pytest
from helpers.paths import ROOT

from usdrl_model.checkpoints import shipped
from usdrl_model.terms import for_products
from usdrl_model.training.permission import kinds_of

pytest.importorskip("setuptools")
BUILT = ("config", "docs", "examples", "launch", "resource", "usdrl_model", "usdrl_ros")
"""Folders of which a wheel is made."""
READ = {"LICENSE", "LICENSE-WEIGHTS", "README.md", "package.xml", "pyproject.toml", "setup.cfg", "setup.py"}


@pytest.fixture(scope="module")
def information(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what setuptools writes of a source distribution: its metadata, and the list of its files."""
    folder = tmp_path_factory.mktemp("information")
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120)
    return folder / "usdrl_ros.egg-info"


def test_the_source_distribution_has_what_a_build_needs_and_no_half_of_the_tests(information: Path) -> None:
    lines = (information / "SOURCES.txt").read_text(encoding="utf-8").splitlines()
    files = {line for line in lines if not line.startswith(("/", "..")) and ".egg-info" not in line}
    needed = {
        path.relative_to(ROOT).as_posix()
        for folder in BUILT
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert READ | needed <= files, READ | needed - files
    others = {file.partition("/")[0] for file in files} - {*BUILT, *READ}
    assert others == {"CHANGELOG.rst", "CONTRIBUTING.md", "MANIFEST.in", "constraints.txt"}


def test_the_terms_are_those_of_code_and_weights(information: Path) -> None:
    licenses = pytest.importorskip("packaging.licenses", reason="needs packaging 24.2")
    told = HeaderParser().parsestr((information / "PKG-INFO").read_text(encoding="utf-8"))
    tags = [(tag.text, tag.get("file")) for tag in ElementTree.parse(ROOT / "package.xml").iter("license")]
    expression = " AND ".join(str(text) for text, _ in tags)
    assert licenses.canonicalize_license_expression(expression) == expression, "SPDX"
    assert expression in (told["License-Expression"], told["License"])
    assert told.get_all("License-File") == [file for _, file in tags]


def test_package_xml_says_which_weights_are_for_research() -> None:
    told = re.search(r"<!-- Of the weights (.*?), which", (ROOT / "package.xml").read_text(encoding="utf-8"), re.S)
    research = [one.name for one in shipped.registry() if not for_products(kinds_of(one.provenance))]
    assert told and sorted(told[1].replace(" and ", ", ").split(", ")) == sorted(research)
