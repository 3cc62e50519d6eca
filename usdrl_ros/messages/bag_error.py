"""The error of everything around bags, apart from their storage, so that the performer needs no bag library."""


class BagError(ValueError):
    """A bag, or the labels beside it, that cannot be used; the message says why and what to do."""
