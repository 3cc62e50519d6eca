r"""Markdown that programs write: tables, and pages of which one part is generated.

By hand and not with ``tabulate``: that pads its columns, so that one longer name changes every line of a page, and it
does not escape what ends a cell.

>>> print(table(["method", "accuracy"], [["1-NN", 86.5], ["A|B", "-"]]))
| method | accuracy |
|---|---|
| 1-NN | 86.5 |
| A\|B | - |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_BAR = "\\|"
"""A bar inside a cell."""


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A table as lines without a newline at the end.

    Args:
        heads: of the columns.
        rows: as many entries each, written as ``str`` does; nothing in them can end a cell or a line.
    """
    first, *others = (
        f"| {' | '.join(' '.join(str(entry).replace('|', _BAR).split()) for entry in row)} |" for row in (heads, *rows)
    )
    return "\n".join([first, "|" + "---|" * len(heads), *others])


def replace_between_markers(text: str, begin: str, end: str, new: str) -> str:
    """``text`` with ``new`` on lines of its own in the place of what is between two markers; they stay.

    Raises:
        ValueError: a marker is missing, is there twice, or the end is before the begin.
    """
    for marker in (begin, end):
        if text.count(marker) != 1:
            raise ValueError(
                f"expected the line {marker!r} once, found it {text.count(marker)} times: put {begin!r} and {end!r}"
                " around the place that the results go to"
            )
    head, _, rest = text.partition(begin)
    if end not in rest:
        raise ValueError(f"expected {end!r} below {begin!r}, found it above: exchange them")
    return f"{head}{begin}\n\n{new.strip()}\n\n{end}{rest.partition(end)[2]}"
