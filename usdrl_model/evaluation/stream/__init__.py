"""The task "stream": a detector run live on a set that nothing of it has learnt from."""
