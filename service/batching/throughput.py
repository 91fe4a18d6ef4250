"""How fast the lanes work off the queue, from what they did lately."""

__all__ = ["DrainRate"]

# Of the weight of all earlier batches, what is left after another: about the last twenty count.
DECAY = 0.95


class DrainRate:
    """Tokens a second of one lane at work.

    Only full batches are recorded: a lane that found little to do says nothing of what it could have done.
    """

    def __init__(self) -> None:
        self._num_tokens = 0.0
        self._seconds = 0.0

    def record(self, num_tokens: int, duration_seconds: float) -> None:
        """Add a full batch."""
        self._num_tokens = DECAY * self._num_tokens + num_tokens
        self._seconds = DECAY * self._seconds + duration_seconds

    @property
    def tokens_per_second(self) -> float | None:
        """The mean over the last batches; None before the first."""
        return self._num_tokens / self._seconds if self._seconds > 0 else None
