"""The pages as a site: every page has its place, every anchor that a link names is there, and the site can be built."""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
import yaml
from helpers.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub and MkDocs make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = unicodedata.normalize("NFKD", re.sub(r"\[([^]]*)\]\([^)]*\)|`", r"\1", heading).lower())
        found.add(re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip()))
    return found


def listed(nav: list) -> list[str]:
    """The pages of a menu."""
    inner = [value for item in nav for value in item.values()]
    return [page for value in inner for page in (listed(value) if isinstance(value, list) else [value])]


def test_every_page_has_one_place_in_the_menu() -> None:
    pages = [path.name for path in (ROOT / "docs").glob("*.md")]
    assert sorted(listed(SITE["nav"])) == sorted([*pages, "index.md", "CONTRIBUTING.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_headings_that_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    lost = [(path, name) for path, name in links if name not in anchors((page.parent / path) if path else page)]
    assert lost == []


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="needs mkdocs (extra docs)")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="topics/"' in index
    assert "images/people.gif" in index and (tmp_path / "images" / "people.gif").is_file()
    assert (tmp_path / "files" / "examples" / "greeter.py").is_file()
