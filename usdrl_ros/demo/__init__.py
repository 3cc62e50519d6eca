"""Simulated people in front of the node, and a table of what it says of them."""
