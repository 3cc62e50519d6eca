"""The online pipeline: `ActionStream` takes frames and gives events."""
