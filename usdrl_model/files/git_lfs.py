"""Pointers of Git LFS: a clone has them in the place of large files until ``git lfs pull``."""

from __future__ import annotations

from pathlib import Path

BEGIN = b"version https://git-lfs"


def check(content: bytes, path: Path) -> None:
    """Raise ValueError where the content of a file, or its begin, is such a pointer."""
    if content.startswith(BEGIN):
        raise ValueError(f"{path}: a pointer of Git LFS, not the file itself: run git lfs pull where it was cloned")
