"""How fast a model runs on one lane, from the last batches."""

__all__ = ["Throughput"]

# Each new batch multiplies the weight of all earlier ones by this, so about the last twenty count.
DECAY = 0.95


class Throughput:
    """Tokens a second of one lane at work.

    Record only full batches: a lane that found little to do does not show what it could have done.
    """

    def __init__(self) -> None:
        self._num_tokens = 0.0
        self._seconds = 0.0

    def record(self, num_tokens: int, duration_seconds: float) -> None:
        """Add a full batch."""
        self._num_tokens = DECAY * self._num_tokens + num_tokens
        self._seconds = DECAY * self._seconds + duration_seconds

    def seconds_for(self, num_tokens: int) -> float:
        """Return how long one lane takes for this many tokens; zero before the first full batch."""
        if self._seconds == 0:
            return 0.0
        return num_tokens * self._seconds / self._num_tokens
