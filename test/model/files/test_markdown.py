"""Tables and generated parts of pages."""

import pytest

from usdrl_model.files.markdown import replace_between_markers, table


def test_nothing_in_a_table_ends_a_cell_or_a_line() -> None:
    lines = table(["what", ""], [["a|b", 1], ["two\nlines", None]]).splitlines()
    assert lines == ["| what |  |", "|---|---|", "| a\\|b | 1 |", "| two lines | None |"]
    assert table(["alone"], []) == "| alone |\n|---|"


def test_only_what_is_between_the_markers_is_replaced() -> None:
    page = "# Results\n\n<!-- begin -->\nold\n<!-- end -->\n\nafter\n"
    once = replace_between_markers(page, "<!-- begin -->", "<!-- end -->", "new\n")
    assert once == "# Results\n\n<!-- begin -->\n\nnew\n\n<!-- end -->\n\nafter\n"
    assert replace_between_markers(once, "<!-- begin -->", "<!-- end -->", "new\n") == once


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("no markers", "'<b>' once, found it 0 times"),
        ("<b> only", "'<e>' once, found it 0 times"),
        ("<b> <b> <e>", "'<b>' once, found it 2 times"),
        ("<e> then <b>", "below '<b>', found it above"),
    ],
)
def test_markers_that_are_not_there(page: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace_between_markers(page, "<b>", "<e>", "new")
