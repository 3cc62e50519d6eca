"""Do the terms of data and of starting weights allow a commercial use of what is trained on them?"""

from __future__ import annotations

from collections.abc import Iterator

from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data import catalogue
from usdrl_model.errors.shown import NAME, cut
from usdrl_model.terms import Kind, Terms


def terms_of(used: DataUsed) -> Terms:
    """Terms of a data set of weights: the catalogue's where it has the set, else as the weights state them."""
    return catalogue.terms(used.set, used.stated)


def kinds_of(made: Provenance) -> tuple[Kind, ...]:
    """Kinds of terms of all data of weights, each once; "unknown" where the weights do not name all of it."""
    missing: list[Kind] = [] if made.complete else ["unknown"]
    return tuple(dict.fromkeys([*(terms_of(used).kind for used in made.data), *missing]))


def check_commercial(made: Provenance, start: Provenance | None = None) -> None:
    """Refuse a training whose weights could not become part of a product.

    Args:
        made: of the weights to be trained; the data of their start come first.
        start: of the weights that training starts from; None: from random ones.

    Raises:
        ValueError: names each set and weights that stand in the way, and the way out.
    """
    before = len(start.data) if start else 0
    sets = list(_refused(made.data[before:]))
    weights = list(_refused(made.data[:before])) if start else []
    if start and not start.complete:
        weights.append("data that it does not name")
    ways = []
    if sets:
        ways.append(f"{'; '.join(sets)}: leave it out, or state the terms of your own recordings when you import them")
    if weights:
        ways.append(
            f"the start {cut(made.start, NAME)} was trained on {'; '.join(weights)}: start from weights whose terms"
            " allow it (usdrl list weights), or from none"
        )
    if ways:
        raise ValueError(f"--terms commercial: not allowed by {'. Not allowed either: '.join(ways)}")


def _refused(data: tuple[DataUsed, ...]) -> Iterator[str]:
    for used in data:
        if not (terms := terms_of(used)).commercial:
            yield f"{cut(used.set, NAME)}, {terms}"
