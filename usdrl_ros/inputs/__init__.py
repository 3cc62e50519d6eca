"""One adapter per message type: message -> people in the axes of the source, or ``InputError``."""
