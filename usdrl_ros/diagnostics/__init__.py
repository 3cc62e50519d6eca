"""State of the node for `/diagnostics` and the log."""
