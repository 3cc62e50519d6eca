r"""Foreign text made fit to be shown: in a log, diagnostics, a state or a terminal.

Whatever comes from a message, a file or an error about them may be megabytes long, begin a new line that looks like one
of ours, or hold codes that move the cursor.

>>> plain("camera\n[INFO] all is well")
'camera\\n[INFO] all is well'
>>> plain("x" * 5000, limit=4)
'xxxx... (5000 characters)'
"""

from __future__ import annotations

LINE = 400
"""Characters of a line that somebody is to read."""
NAME = 100
"""Characters of a name: a label, a frame, a topic."""


def plain(text: object, limit: int = LINE) -> str:
    """One line of at most about ``limit`` characters; what does not print is escaped, what is cut is said."""
    raw = str(text)
    line = "".join(letter if letter.isprintable() else _escaped(letter) for letter in raw[:limit])
    if len(raw) <= limit and len(line) <= limit:
        return line
    return f"{line[:limit]}... ({len(raw)} characters)"


def is_plain(text: str, limit: int = NAME) -> bool:
    """True if ``plain`` would leave the text as it is."""
    return len(text) <= limit and text.isprintable()


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
