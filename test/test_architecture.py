"""docs/architecture.md names every room and module, and no room imports what its line does not name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.paths import ROOT

from usdrl_ros.processes.modules_page import PACKAGES, page

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LONGEST = 300


def modules(package: str) -> Iterator[tuple[Path, str]]:
    """Every source file of a package and the room that it is in; what is in no room is none."""
    for path in (ROOT / package).rglob("*.py"):
        inside = path.relative_to(ROOT / package).with_suffix("")
        if inside.parts != ("__init__",):
            yield path, inside.parts[0]


def rooms(package: str) -> dict[str, set[str]]:
    """Room -> what it imports, as documented, from the bottom up."""
    section = re.search(rf"^## Rooms of `{package}`\n.*?(?=\n<!--)", TEXT, re.DOTALL | re.MULTILINE)
    assert section, f"docs/architecture.md has no rooms of {package}"
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", section[0], re.MULTILINE)
    return {room: set(re.findall(r"`(\w+)`", imports)) for room, imports in rows}


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_import_what_the_map_says_and_nothing_above_them(package: str) -> None:
    documented = rooms(package)
    found: dict[str, set[str]] = {name: set() for name in documented}
    for path, room in modules(package):
        assert room in documented, f"docs/architecture.md lacks the room {room}"
        parts = (name.split(".") for name in imported(path))
        found[room] |= {
            names[1] for names in parts if len(names) > 1 and names[0] == package and names[1] in documented
        } - {room}
    assert found == documented, f"docs/architecture.md: what the rooms of {package} import is not what its lines name"
    order = list(documented)
    upwards = {
        (room, other) for room, others in found.items() for other in others if order.index(other) > order.index(room)
    }
    assert not upwards, f"a room imports only rooms above it in docs/architecture.md: {upwards}"


def test_the_map_has_every_module_in_the_first_line_of_its_docstring() -> None:
    assert page(TEXT) == TEXT, "docs/architecture.md is out of date: run make pages"


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_can_be_read_at_one_sitting(package: str) -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path, _ in modules(package)
    }
    long = {name: count for name, count in lines.items() if count > LONGEST}
    assert not long, f"longer than {LONGEST} lines: move an idea of its own to a module of its own: {long}"
