r"""Values of others as they may stand in a message: in one line, short, without control characters.

>>> shown(["a"] * 1000)
"['a', 'a', 'a', 'a', 'a', 'a', ...]"
>>> cut("wave" + chr(10) + "[ERROR] forged")
'wave\\n[ERROR] forged'
"""

from __future__ import annotations

import contextlib
import os
import reprlib
import sys
from collections.abc import Iterator
from typing import Any

LONGEST = 80
"""Characters of a value."""
NAME = 100
"""Characters of a name that is used as it is: a label, a frame."""
LINE = 400
"""Characters of a line that somebody is to read."""
MESSAGE = 2000
"""Characters of a message that lists what is allowed, or several troubles."""


class _Repr(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # Writing a number out takes time that grows with the square of its length, and Python may refuse it.
        return repr(x) if x.bit_length() < 128 else f"<int of {x.bit_length()} bits>"


_REPR = _Repr()
_REPR.maxlevel, _REPR.maxstring, _REPR.maxother = 3, LONGEST, LONGEST


def shown(value: Any, longest: int = LONGEST) -> str:
    """``repr`` of any value, cut; what it costs does not grow with the value."""
    return cut(_REPR.repr(value), longest)


def cut(text: object, longest: int = LONGEST) -> str:
    """A text or an error, cut to ``longest`` characters; what would not be seen or would move the cursor is escaped."""
    whole = str(text)
    line = "".join(letter if letter.isprintable() else _escaped(letter) for letter in whole[: longest + 1])
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def reason(error: BaseException) -> str:
    """The text of an error; of the operating system's, the path and what is wrong with it, without a number."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def showable(name: str) -> bool:
    """True for a name that is short and printable, so that it can be used as it is."""
    return len(name) <= NAME and name.isprintable()


def check_name(name: str, what: str) -> None:
    """Raise ValueError where ``name`` is empty, or cannot be shown as it is."""
    if not name or not showable(name):
        raise ValueError(f"{what}: expected 1 to {NAME} printable characters, got {shown(name)}")


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def open_streams() -> None:
    """Open what a program was started without (``>&-``), as nothing: what is printed there must not go elsewhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free number, so that of the stream: no file that is opened later gets what C code prints.
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))


@contextlib.contextmanager
def piped() -> Iterator[None]:
    """What is printed may be read in part: "| head" that has seen enough ends the block, and is no error at exit.

    Raises:
        OSError: it cannot be written, on a full disk.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it flushes at exit
        if not isinstance(error, BrokenPipeError):
            raise
