"""How often explanations may run while clients ask for predictions."""

from service.batching.scheduler import LIVE_SECONDS

__all__ = ["Pace"]

REST_RATIO = 9.0
"""After a round, explanations rest for this many times as long as it took, so they have a tenth of a core:
a lone prediction takes 1.4 times as long while the core that it would use too is busy."""
MAX_REST_SECONDS = 1.0
"""A round that had to wait for predictions took long without having run."""


class Pace:
    """The turns of all explanations. Pure: times are seconds on any clock that never goes back."""

    def __init__(self) -> None:
        self._rests_until_seconds = 0.0

    def wait_seconds(self, now_seconds: float) -> float:
        """Return how long the next round must wait."""
        return max(0.0, self._rests_until_seconds - now_seconds)

    def ran(self, *, start_seconds: float, end_seconds: float, last_live_seconds: float) -> None:
        """Take when a round ran, and when the last prediction was asked for."""
        if end_seconds - last_live_seconds < LIVE_SECONDS:
            rest_seconds = min(MAX_REST_SECONDS, REST_RATIO * (end_seconds - start_seconds))
            self._rests_until_seconds = end_seconds + rest_seconds
