"""Scores: frames and segments, events, average precision, protocols of benchmarks."""
