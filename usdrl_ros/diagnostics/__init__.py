"""What the node says of itself on `/diagnostics` and in its log."""
