"""Stored models: detectors, pretrained encoders, official checkpoints, and how they were made."""
