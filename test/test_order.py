"""Files that are said to take long are there."""

from helpers.order import LONG
from helpers.paths import ROOT


def test_files_that_begin_first_are_there() -> None:
    assert [name for name in LONG if not (ROOT / "test" / name).is_file()] == []
