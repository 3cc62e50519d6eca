"""Training: augmentation, several processes, runs that can be stopped and resumed."""
