"""From overlapping windows to the posterior of every frame, and from that to onsets and offsets."""
