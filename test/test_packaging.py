"""The package as users get it: one version, every command and link works, pages import what exists."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from helpers.paths import ROOT

import usdrl_model

PACKAGES = ("usdrl_model", "usdrl_ros")
SHARE = ("config", "docs", "examples", "launch")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
ROS_MODULE = re.compile(
    r"rclpy|launch|launch_ros|tf2_ros|ament_index_python|sensor_msgs_py|\w+_msgs|\w+_interfaces|std_srvs|usdrl_ros"
)


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    """Top-level names of everything that ``path`` imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def installed_console_scripts() -> list[metadata.EntryPoint]:
    return [entry for entry in metadata.distribution("usdrl_ros").entry_points if entry.group == "console_scripts"]


def test_package_xml_and_installed_metadata_have_the_version_of_the_code():
    assert ElementTree.parse(ROOT / "package.xml").findtext("version") == usdrl_model.__version__
    assert metadata.version("usdrl_ros") == usdrl_model.__version__


@pytest.mark.parametrize("lacking", ["", "usdrl_ros/bags/page/page.html", "usdrl_model/py.typed", "docs/bags.md"])
def test_a_wheel_that_lacks_a_file_of_the_tree_is_refused(tmp_path, lacking):
    share = "usdrl_ros-0.1.0.data/data/share"
    wheel = tmp_path / "some.whl"
    tree = [path for folder in (*PACKAGES, *SHARE) for path in (ROOT / folder).rglob("*") if path.is_file()]
    with zipfile.ZipFile(wheel, "w") as packed:
        for path in tree:
            name = path.relative_to(ROOT).as_posix()
            if name != lacking and "__pycache__" not in path.parts:
                packed.writestr(name if name.startswith(PACKAGES) else f"{share}/usdrl_ros/{name}", b"")
        for name in ("ament_index/resource_index/packages/usdrl_ros", "usdrl_ros/package.xml"):
            packed.writestr(f"{share}/{name}", b"")
    command = [sys.executable, str(ROOT / ".ci" / "check_wheel.py"), str(wheel)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (checked.returncode == 0) == (not lacking), checked.stderr
    assert lacking in checked.stderr


def test_package_xml_lists_every_ros_package_that_the_code_imports():
    declared = {element.text for element in ElementTree.parse(ROOT / "package.xml").iter("exec_depend")}
    files = modules("usdrl_ros") + sorted((ROOT / "launch").glob("*.py"))
    imported = {name for path in files for name in imported_modules(path) if ROS_MODULE.fullmatch(name)}
    assert imported - {"usdrl_ros"} - declared == set()


@pytest.mark.parametrize("path", modules("usdrl_model"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_model_knows_no_ros(path):
    assert {name for name in imported_modules(path) if ROS_MODULE.fullmatch(name)} == set()


@pytest.mark.parametrize("entry", installed_console_scripts(), ids=lambda entry: entry.name)
def test_every_command_can_be_started(entry):
    assert callable(entry.load())


def test_the_readme_names_every_command_and_no_other():
    named = set(re.findall(r"^\| `(usdrl[\w-]*)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {entry.name for entry in installed_console_scripts()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_the_pages_name_are_there(page):
    named = re.findall(
        r"`((?:benchmarks|config|docs|launch|test|usdrl_model|usdrl_ros)/[\w./-]+)`", page.read_text("utf-8")
    )
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


def python_blocks() -> Iterator:
    """Page and code of every Python block of the pages."""
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for number, code in enumerate(blocks):
            yield pytest.param(page, code, id=f"{page.name}-{number}")


@pytest.mark.parametrize(("page", "code"), list(python_blocks()))
def test_python_of_the_pages_imports_names_that_exist(page, code):
    for node in ast.walk(ast.parse(code, str(page))):
        if isinstance(node, ast.Import):
            assert all(importlib.util.find_spec(name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            pytest.importorskip(node.module.split(".")[0])
            module = importlib.import_module(node.module)
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


def test_importing_the_model_package_loads_neither_torch_nor_ros():
    code = "import sys, usdrl_model; print({'torch', 'rclpy'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


def test_every_public_module_imports():
    for package in PACKAGES:
        for path in modules(package):
            parts = path.relative_to(ROOT).with_suffix("").parts
            importlib.import_module(".".join(part for part in parts if part != "__init__"))
