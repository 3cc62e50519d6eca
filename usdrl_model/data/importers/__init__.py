"""Importers of the official files of public data sets; each yields ``Recording`` objects."""
