"""Readers of the official file formats of public data sets; each gives ``recording.Recording`` objects."""
