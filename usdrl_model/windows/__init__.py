"""From stamped frames to the windows (N, T, M, V, C) that a network sees, live and in training."""
