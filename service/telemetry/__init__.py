"""Metrics and logs, which every other room may write to."""
