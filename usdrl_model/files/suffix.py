"""Suffixes of names, by which files are told apart: in any case, since other systems write ``BAG.MCAP``."""

from __future__ import annotations

from pathlib import Path


def suffix(name: str | Path) -> str:
    """The last suffix of a name in lower case, with its dot; empty where there is none."""
    return Path(name).suffix.lower()
