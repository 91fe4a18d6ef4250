"""Keeping reviews that clients sent, for people to label and training to read. Off unless it is set."""
