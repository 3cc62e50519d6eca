"""The map of the modules is complete and true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("package", ["usdrl_model", "usdrl_ros"])
def test_the_map_names_every_module_and_no_other(package: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = re.search(rf"## Modules of `{package}`.*?(?=\n## |\Z)", text, re.DOTALL)
    assert section, f"docs/architecture.md has no section on {package}"
    rows = re.findall(r"^\| (`.*?) \|", section[0], re.MULTILINE)
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`([a-z_0-9/]+)`", row)}
    there = {path.stem for path in (ROOT / package).glob("*.py") if path.stem != "__init__"}
    there |= {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert named == there | ({"weights", "pretrained"} if package == "usdrl_model" else {"schema"})
