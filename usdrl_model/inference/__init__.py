"""Trained detectors made fast: folded, packed, in another precision, exported to ONNX."""
