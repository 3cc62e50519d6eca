r"""Values of others as they may stand in a message: in one line, short, without control characters.

>>> shown(["a"] * 1000)
"['a', 'a', 'a', 'a', 'a', 'a', ...]"
>>> cut("wave" + chr(10) + "[ERROR] forged")
'wave\\n[ERROR] forged'
"""

from __future__ import annotations

import reprlib
from typing import Any

LONGEST = 80
"""Characters."""


class _Repr(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # Writing a number out takes time that grows with the square of its length, and Python may refuse it.
        return repr(x) if x.bit_length() < 128 else f"<int of {x.bit_length()} bits>"


_REPR = _Repr()
_REPR.maxlevel, _REPR.maxstring, _REPR.maxother = 3, LONGEST, LONGEST


def shown(value: Any, longest: int = LONGEST) -> str:
    """``repr`` of any value, cut; what it costs does not grow with the value."""
    return cut(_REPR.repr(value), longest)


def cut(text: str, longest: int = LONGEST) -> str:
    """A text cut to ``longest`` characters, with escapes for all that would not be seen or would move the cursor."""
    text = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
