"""Progress bars, which stay quiet where nobody sees them: stderr is no terminal."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm


def progress(*arguments: Any, **options: Any) -> tqdm:
    """``tqdm`` with its arguments; without a bar where stderr is no terminal, or where ``disable`` is true."""
    return tqdm(*arguments, **{**options, "disable": options.get("disable") or None})
