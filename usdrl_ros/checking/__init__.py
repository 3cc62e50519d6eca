"""The command ``usdrl-check``: what is wrong with a source, and which parameters to set."""
