"""The networks: encoders (DSTE, STTR), their layers and their heads."""
