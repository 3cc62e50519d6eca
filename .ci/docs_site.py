"""A hook of MkDocs: pages are written for a reader of the repository, and their links work on the site as well.

The README becomes the first page. Files outside docs/ that pages link to come along as they are.
"""

import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]*)(?=[#)])")
"""The path of a link to something of ours."""
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md"}
"""Page in the root of the repository -> page of the site."""


def on_files(files, config):
    """Add the pages of the root and what pages link to."""
    linked = set()
    for page, name in PAGES.items():
        files.append(File.generated(config, name, content=(ROOT / page).read_text(encoding="utf-8")))
        linked |= {target for _, target in LINK.findall((ROOT / page).read_text(encoding="utf-8"))}
    for page in (ROOT / "docs").glob("*.md"):
        links = {target for _, target in LINK.findall(page.read_text(encoding="utf-8"))}
        linked |= {target.removeprefix("../") for target in links if target.startswith("../")}
    for target in sorted(linked - PAGES.keys()):
        if not target.startswith("docs/") and (ROOT / target).is_file():
            files.append(File.generated(config, f"files/{target}", abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Lead links to where their targets are on the site."""
    return LINK.sub(lambda link: link[1] + _on_site(link[2], of_root=page.file.src_uri in PAGES.values()), markdown)


def _on_site(target, of_root):
    inside = target if of_root else f"docs/{target}" if not target.startswith("../") else target.removeprefix("../")
    if inside in PAGES:
        return PAGES[inside]
    return inside.removeprefix("docs/") if inside.startswith("docs/") else f"files/{inside}"
