"""The perception node: wiring, its inference thread and the process around it."""
