"""The commands of `sentiment-models`: those that look, and those that change something."""
