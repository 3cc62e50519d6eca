"""Where things are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
"""Of the source tree."""
HELPERS = Path(__file__).resolve().parent
DATA = Path(os.environ.get("USDRL_DATA", ROOT.parent / "shared" / "data"))
"""Public data sets, one in each folder."""


def public(name: str) -> Path:
    """The folder of a public data set; the test that asks for it is skipped where it is missing."""
    if not (DATA / name).is_dir():
        pytest.skip(f"the recordings of {name} are not in {DATA} (USDRL_DATA)")
    return DATA / name
