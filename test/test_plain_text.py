"""Foreign text is shown on one line, short, and without codes."""

import pytest

from usdrl_model.plain_text import LINE, is_plain, plain


@pytest.mark.parametrize(
    "letters",
    ["\n", "\r", "\t", "\x1b[31m", "\x00", "\x7f", "\x9b", "\u2028", "\u202e", "\u200b", "\ud800", "\U000e0001"],
)
def test_what_does_not_print_is_escaped(letters: str) -> None:
    shown = plain(f"a{letters}b")
    assert shown.isprintable()
    assert shown.startswith("a\\") and shown.endswith("b")
    assert not is_plain(f"a{letters}b")


def test_plain_text_stays() -> None:
    for text in ("wave", "hände waschen", "手を振る", "pick up (left)", ""):
        assert plain(text) == text
        assert is_plain(text)


@pytest.mark.parametrize("text", ["x" * 10_000_000, "\n" * 10_000_000])
def test_length_is_bounded_and_told(text: str) -> None:
    shown = plain(text)
    assert len(shown) < LINE + 40
    assert shown.endswith("... (10000000 characters)")
    assert not is_plain(text)


def test_errors_are_texts_too() -> None:
    assert plain(ValueError("a\nb")) == "a\\nb"
