"""Enrolled gestures: actions learnt from 1 to 10 examples, without a training run."""
