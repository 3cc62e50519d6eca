"""What may have been meant by a name that nothing has.

>>> hint("wvae", ["walk", "wave"])
"; did you mean 'wave'?"
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from usdrl_model.errors.shown import NAME, shown

ALIKE = 0.6
"""Least share of two names that is the same, where one may have been meant by the other."""


def nearest(name: object, known: Iterable[str], alike: float = ALIKE) -> str:
    """The one of ``known`` that is most like ``name``; empty where none is."""
    text = name if isinstance(name, str) else shown(name)
    return next(iter(difflib.get_close_matches(text[:NAME], list(known), n=1, cutoff=alike)), "")


def hint(name: object, known: Iterable[str], otherwise: str = ".") -> str:
    """The end of a message about an unknown name: what may have been meant, or ``otherwise``."""
    found = nearest(name, known)
    return f"; did you mean {found!r}?" if found else otherwise
