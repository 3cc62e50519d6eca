"""Terms of use of data sets, as data: what they allow, and what their source says.

>>> Terms("attribution", "CC BY 4.0").commercial, Terms("research", "academic use").commercial
(True, False)
>>> print(Terms("research", "academic use"))
research (academic use)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from usdrl_model.errors.shown import LINE, cut, shown

Kind = Literal["free", "attribution", "own", "copyleft", "non_commercial", "research", "unknown"]
MEANINGS: Mapping[Kind, str] = {
    "free": "any use",
    "attribution": "any use, its source has to be named",
    "own": "recordings of whoever imported them",
    "copyleft": "any use, what is made of it has to be published under the same terms",
    "non_commercial": "any use that is not commercial",
    "research": "academic research only",
    "unknown": "nobody has stated them",
}
COMMERCIAL: frozenset[Kind] = frozenset({"free", "attribution", "own"})
"""What may become part of a product whose weights stay closed."""


def for_products(kinds: Iterable[Kind]) -> bool:
    """Whether a product may hold what is made of data of all these kinds."""
    return COMMERCIAL.issuperset(kinds)


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of use of one data set."""

    kind: Kind = "unknown"
    text: str = ""
    """In the words of the source, short."""

    @classmethod
    def from_json(cls, content: Any) -> Terms:
        """The inverse of ``to_json``, of a file from anywhere; unknown terms of None, ValueError of what is neither."""
        if content is None:
            return cls()
        stated = content if isinstance(content, Mapping) else {}
        kind, text = next((one for one in MEANINGS if one == stated.get("kind")), None), stated.get("text")
        if kind is None or not isinstance(text, str):
            raise ValueError(f"terms: expected a kind ({', '.join(MEANINGS)}) and a text, got {shown(content)}")
        return cls(kind, cut(text, LINE))

    def to_json(self) -> dict[str, str]:
        """Plain values for JSON."""
        return {"kind": self.kind, "text": self.text}

    @property
    def commercial(self) -> bool:
        """Whether a product may hold what is made of the set."""
        return self.kind in COMMERCIAL

    def __str__(self) -> str:
        return f"{self.kind} ({cut(self.text, LINE)})" if self.text else self.kind


UNKNOWN = Terms()
