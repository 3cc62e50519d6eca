"""The package as users get it: one version, one direction of imports, clean checks, everything in the wheel."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from helpers.paths import ROOT

import usdrl_model

PACKAGES = ("usdrl_model", "usdrl_ros")
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


def test_package_xml_lists_every_ros_package_that_the_code_imports():
    declared = {element.text for element in ElementTree.parse(ROOT / "package.xml").iter("exec_depend")}
    files = modules("usdrl_ros") + sorted((ROOT / "launch").glob("*.py"))
    imported = {name for path in files for name in imported_modules(path) if ROS_MODULE.fullmatch(name)}
    assert imported - {"usdrl_ros"} - declared == set()


@pytest.mark.parametrize("path", modules("usdrl_model"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_model_knows_no_ros(path):
    assert {name for name in imported_modules(path) if ROS_MODULE.fullmatch(name)} == set()


def pinned(library: str) -> bool:
    """Whether the installed version is the one of constraints.txt: other versions bring other rules and other types."""
    return f"{library}=={metadata.version(library)}" in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_static_check_is_clean(command):
    checker, *arguments = command.split()
    pytest.importorskip(checker, reason=f"{checker} is not installed (extra: test)")
    if not (pinned(checker) and pinned("numpy")):
        pytest.skip("the result depends on versions: make test installs those of constraints.txt")
    check = subprocess.run([sys.executable, "-m", checker, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("entry", installed_console_scripts(), ids=lambda entry: entry.name)
def test_every_command_can_be_started(entry):
    assert callable(entry.load())


def test_the_readme_names_every_command_and_no_other():
    named = set(re.findall(r"^\| `(usdrl[\w-]*)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {entry.name for entry in installed_console_scripts()}


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_importing_the_model_package_loads_neither_torch_nor_ros():
    code = "import sys, usdrl_model; print({'torch', 'rclpy'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory) -> set[str]:
    """Names of the files in a wheel built from a copy of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    leave_out = shutil.ignore_patterns(".*", "__pycache__", "build", "install", "log", "out", "*.egg-info")
    source = shutil.copytree(ROOT, folder / "source", ignore=leave_out)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    build = subprocess.run([sys.executable, "-m", "pip", "wheel", *options, source], capture_output=True, text=True)
    assert build.returncode == 0, build.stdout + build.stderr
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_every_module_and_data_file(wheel_names):
    data = (".py", ".yaml", ".json", ".safetensors", ".md", "py.typed")
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.name.endswith(data)]
    expected = {path.relative_to(ROOT).as_posix() for path in files}
    assert {"usdrl_model/skeleton/topologies.yaml", "usdrl_model/py.typed", "usdrl_ros/py.typed"} <= expected
    assert expected - wheel_names == set()


def test_the_wheel_holds_what_ros_looks_for_in_share(wheel_names):
    share = {name.split(".data/data/share/")[1] for name in wheel_names if ".data/data/share/" in name}
    expected = {"ament_index/resource_index/packages/usdrl_ros", "usdrl_ros/package.xml"}
    for folder in ("launch", "config", "config/benchmarks", "config/continuous"):
        expected |= {f"usdrl_ros/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / folder).glob("*.*")}
    assert expected - share == set()


def test_every_public_module_imports():
    for package in PACKAGES:
        for path in modules(package):
            parts = path.relative_to(ROOT).with_suffix("").parts
            importlib.import_module(".".join(part for part in parts if part != "__init__"))
