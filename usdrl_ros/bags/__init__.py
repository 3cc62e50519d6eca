"""Bags: read, written, labelled, played, replayed through the pipeline, evaluated."""
