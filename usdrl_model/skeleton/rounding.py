"""Stamps are rounded: by messages, by clocks, and where one is taken from another."""

SLACK = 1e-4
"""Seconds by which a duration may fall short: many are whole frames, and 0.7 - 0.3 < 0.4 in floating point."""
