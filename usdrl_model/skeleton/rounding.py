"""By how much durations may fall short: stamps are rounded, by messages, by clocks and from one to the other."""

SLACK = 1e-4
"""Seconds by which a duration may fall short: many are whole frames, and 0.7 - 0.3 < 0.4 in floating point."""
