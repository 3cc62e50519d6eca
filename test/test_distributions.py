"""What pip and whoever builds from the sources get."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.paths import ROOT

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
