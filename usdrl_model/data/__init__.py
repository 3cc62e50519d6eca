"""Data sets: importers, the store, protocols, and what is drawn from them for training."""
