"""The `usdrl` command, one module a subcommand."""
