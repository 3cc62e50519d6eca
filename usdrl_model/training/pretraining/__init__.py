"""Pretraining without labels: MG-FD and MPCT."""
