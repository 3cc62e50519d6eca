"""Foreign text is shown on one line, short, and without codes."""

import pytest

from usdrl_model.errors.shown import LINE, cut, showable
from usdrl_model.network.detector_config import DetectorConfig


@pytest.mark.parametrize(
    "letters",
    ["\n", "\r", "\t", "\x1b[31m", "\x00", "\x7f", "\x9b", "\u2028", "\u202e", "\u200b", "\ud800", "\U000e0001"],
)
def test_what_does_not_print_is_escaped(letters: str) -> None:
    shown = cut(f"a{letters}b", LINE)
    assert shown.isprintable()
    assert shown.startswith("a\\") and shown.endswith("b")
    assert not showable(f"a{letters}b")


def test_plain_text_stays() -> None:
    for text in ("wave", "hände waschen", "手を振る", "pick up (left)", ""):
        assert cut(text, LINE) == text
        assert showable(text)


@pytest.mark.parametrize("text", ["x" * 10_000_000, "\n" * 10_000_000])
def test_length_is_bounded_(text: str) -> None:
    shown = cut(text, LINE)
    assert len(shown) <= LINE
    assert shown.endswith("...")
    assert not showable(text)


def test_errors_are_texts_too() -> None:
    assert cut(ValueError("a\nb"), LINE) == "a\\nb"


@pytest.mark.parametrize("label", ["", "wave\n[INFO] all is well", "\x1b[31mwave", "x" * 101])
def test_labels_that_cannot_be_shown_are_refused_in_few_words(label: str) -> None:
    with pytest.raises(ValueError, match="printable") as caught:
        DetectorConfig(labels=("none", label))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 300
