"""What can go wrong in scoring files of reviews.

SentimentError
└── ScoringError             the root of every exception that `scoring` raises
    ├── UnusableInput        an input is missing, of an unknown kind, or does not fit the others
    ├── InputChanged         an input is no longer what it was when the job began
    ├── UnusableOutput       the output cannot be written where it should go
    ├── OtherJob             the parts beside the output belong to a job that differs
    ├── MissingParts         not all parts are there, so that they cannot be joined
    ├── TooManyRejects       more rows cannot be scored than the user allows
    └── ServiceRefused       the service at --url cannot be used, or not any longer
"""

from sentiment.errors import SentimentError

__all__ = [
    "InputChanged",
    "MissingParts",
    "OtherJob",
    "ScoringError",
    "ServiceRefused",
    "TooManyRejects",
    "UnusableInput",
    "UnusableOutput",
]


class ScoringError(SentimentError):
    """Any error that scoring files raises on purpose."""


class UnusableInput(ScoringError):
    """An input is missing, of a kind that is not read, or its columns do not fit; the text names it."""


class InputChanged(ScoringError):
    """An input has vanished or changed since the job began; the text names it."""


class UnusableOutput(ScoringError):
    """The output or a part of it cannot be written; the text names the file and the reason."""


class OtherJob(ScoringError):
    """The parts beside the output belong to another job, or to one that is running; the text says which."""


class MissingParts(ScoringError):
    """Parts are missing, so that they cannot be joined; the text names them."""


class TooManyRejects(ScoringError):
    """More rows cannot be scored than `--max-bad` allows."""


class ServiceRefused(ScoringError):
    """The service does not answer, refuses every request, or has changed its version; the text says which."""
