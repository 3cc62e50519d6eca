"""Files of others read within limits, and files of our own that appear whole or not at all."""
