"""Reasons why a server cannot be measured.

SentimentError
└── BenchError
    ├── CannotInstall   its environment cannot be made
    └── ServerFailed    it does not start, or answers wrongly
"""

from sentiment.errors import SentimentError

__all__ = ["BenchError", "CannotInstall", "ServerFailed"]


class BenchError(SentimentError):
    """A server is left out of the run."""


class CannotInstall(BenchError):
    """Its packages cannot be had."""


class ServerFailed(BenchError):
    """It does not answer as it should."""
