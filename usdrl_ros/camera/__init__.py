"""Skeletons from a bare camera: pictures in, people out."""
