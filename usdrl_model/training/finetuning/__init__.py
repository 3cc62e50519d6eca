"""Training a detector on labelled windows."""
