"""Processes that end when they should: signals, child processes, the ROS context."""
