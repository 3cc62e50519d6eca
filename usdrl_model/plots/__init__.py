"""Pictures of timelines, of clips and of losses."""
