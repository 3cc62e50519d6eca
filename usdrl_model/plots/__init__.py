"""Pictures of timelines and of clips."""
