"""A demo: simulated people, the live node, and a table of its output."""
