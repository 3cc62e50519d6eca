"""What is raised where a bag cannot be used."""


class BagError(ValueError):
    """A bag, or the labels beside it, that cannot be used; the message says why and what to do."""
