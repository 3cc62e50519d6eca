"""The tables of modules in docs/architecture.md: each module in the first line of its docstring.

::

    python -m usdrl_ros.processes.modules_page        # in the root of the repository
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from usdrl_model.files import markdown

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("docs/architecture.md")
PACKAGES = ("usdrl_model", "usdrl_ros")


def page(text: str) -> str:
    """The text of docs/architecture.md with a table for every room of its tables that is a folder, in their order."""
    for package in PACKAGES:
        begin, end = f"<!-- modules of {package} -->", f"<!-- end of modules of {package} -->"
        listed = text.partition(f"## Rooms of `{package}`")[2].partition(begin)[0]
        folders = [ROOT / package / room for room in re.findall(r"^\| `(\w+)` \|", listed, re.MULTILINE)]
        sections = [_section(folder) for folder in folders if folder.is_dir()]
        text = markdown.replace_between_markers(text, begin, end, "\n\n".join(sections))
    return text


def _section(room: Path) -> str:
    """The heading of a room and a row a module."""
    modules = sorted(path for path in room.rglob("*.py") if path.stem != "__init__")
    rows = [(f"`{path.relative_to(room).with_suffix('').as_posix()}`", _idea(path)) for path in modules]
    return f"### `{room.relative_to(ROOT).as_posix()}`\n\n{markdown.table(['module', 'one idea'], rows)}"


def _idea(module: Path) -> str:
    """The first line of a docstring; what is in two backticks there is in one on the page."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return re.sub(r"(?<!\.)\.$", "", text.partition("\n")[0]).replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"written: {PAGE}")
