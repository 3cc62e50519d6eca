"""Do these skeletons look like people? Findings, each with a guess and a remedy."""
