"""Do the terms of data and of starting weights allow a commercial use of what is trained on them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data import catalogue
from usdrl_model.errors.shown import NAME, cut
from usdrl_model.terms import Kind, Terms, for_products


def terms_of(used: DataUsed) -> Terms:
    """Terms of a data set of weights: the catalogue's where it has the set, else as the weights state them."""
    return catalogue.terms(used.set, used.stated)


def kinds_of(made: Provenance) -> tuple[Kind, ...]:
    """Kinds of terms of all data of weights, each once; "unknown" where the weights do not name all of it."""
    missing: list[Kind] = [] if made.complete else ["unknown"]
    return tuple(dict.fromkeys([*(terms_of(used).kind for used in made.data), *missing]))


def in_words(made: Provenance) -> str:
    """What the terms of weights allow, in a few words: "no use in products (research)"."""
    kinds = kinds_of(made)
    return f"{'use' if for_products(kinds) else 'no use'} in products ({', '.join(kinds) or 'no data'})"


def check_commercial(made: Provenance, before: Mapping[str, Provenance]) -> None:
    """Refuse a training whose weights could not become part of a product.

    Args:
        made: of the weights to be trained; the data of ``before`` come first.
        before: of the weights that training starts from or imitates, by their names.

    Raises:
        ValueError: names each set and weights that stand in the way, and the way out.
    """
    inherited = sum(len(one.data) for one in before.values())
    ways = []
    if sets := _refused(made.data[inherited:]):
        ways.append(f"{'; '.join(sets)}: leave it out, or state the terms of your own recordings when you import them")
    for name, one in before.items():
        if trained_on := [*_refused(one.data), *([] if one.complete else ["data that it does not name"])]:
            ways.append(
                f"the weights {cut(name, NAME)} were trained on {'; '.join(trained_on)}: start from others whose terms"
                " allow it (usdrl list weights), or from none"
            )
    if ways:
        raise ValueError(f"--terms commercial: not allowed by {'. Not allowed either: '.join(ways)}")


def _refused(data: Sequence[DataUsed]) -> list[str]:
    known = {used.set: terms_of(used) for used in data}
    return [f"{cut(name, NAME)}, {terms}" for name, terms in known.items() if not terms.commercial]
