"""The type of the fixture `run`, which runs the command line on a store."""

from collections.abc import Callable

__all__ = ["Run"]

Run = Callable[..., tuple[int, list[str], list[str]]]
"""Takes arguments; returns the exit code and the lines on stdout and stderr."""
