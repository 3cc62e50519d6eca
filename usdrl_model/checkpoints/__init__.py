"""Files of weights: detectors, pretrained encoders, official checkpoints, and how they were made."""
