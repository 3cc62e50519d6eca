"""One self-contained HTML page: its style, its script and what it shows, in a file that asks no network for anything.

Names in the data are foreign text: the script sets them as text and never as markup, the data cannot end their own
element, and the page's policy lets no script run but this one.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib import resources
from string import Template
from typing import Any

SCRIPTS = ("data.js", "skeletons.js", "timeline.js", "points.js", "page.js")
"""In the order in which they are joined."""
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def page(document: dict[str, Any]) -> str:
    """The page for the data of ``report.document``.

    >>> '<title>&lt;b&gt;' in page({"name": "<b>"})
    True
    """
    script = "\n".join(_read(name) for name in SCRIPTS)
    style = _read("page.css")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'"
    return Template(_read("page.html")).substitute(
        policy=policy,
        title=html.escape(str(document["name"])),
        style=style,
        data=inline_json(document),
        script=script,
    )


def inline_json(document: Any) -> str:
    r"""JSON that may stand inside of a ``script`` element.

    >>> inline_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return "".join(_ESCAPES.get(letter, letter) for letter in text) if any(c in text for c in _ESCAPES) else text


def _read(name: str) -> str:
    return resources.files("usdrl_ros").joinpath(f"bags/page/{name}").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
