"""The first page stays short, and what it names exists."""

import re
import subprocess
import sys

from helpers.paths import ROOT

from usdrl_ros.parameters.declarations import PARAMETERS

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_read_at_a_glance() -> None:
    assert len(TEXT.splitlines()) < 150


def test_parameters_and_commands_exist() -> None:
    table = TEXT.split("## Parameters")[1].split("##")[0]
    named = {name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named <= {parameter.name for parameter in PARAMETERS}
    assert len(named) > 8


def test_every_page_of_the_documentation_is_linked_from_it_or_from_a_page_that_is() -> None:
    seen, todo = set(), ["README.md"]
    while todo:
        page = todo.pop()
        if page in seen or not (ROOT / page).is_file():
            continue
        seen.add(page)
        folder = "docs/" if page.startswith("docs/") else ""
        links = re.findall(r"\]\((?!http)([\w./-]+\.md)", (ROOT / page).read_text(encoding="utf-8"))
        todo += [(folder + link).replace("docs/../", "") for link in links]
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= seen


def test_its_example_of_python_runs_as_it_stands() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    result = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^onset 1 \w+ \d+\.\d+ 0\.\d+$", result.stdout, re.MULTILINE), result.stdout
    assert re.search(r"^1 \(.*\) \[.*\]$", result.stdout, re.MULTILINE), result.stdout
