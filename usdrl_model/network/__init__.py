"""The networks: encoders (DSTE, STTR, Conformer), their layers and their heads."""
