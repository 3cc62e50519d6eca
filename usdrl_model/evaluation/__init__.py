"""Tasks on benchmarks: what a method scores, under the protocol that its field uses."""
