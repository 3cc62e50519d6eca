"""Joint sets, people and frames, recordings with their labels, all in canonical joints."""
