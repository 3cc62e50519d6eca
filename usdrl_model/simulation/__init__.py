"""A kinematic simulation of people with known actions, as a skeleton tracker sees them."""
