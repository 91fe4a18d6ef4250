"""How often explanations may run while clients ask for predictions."""

__all__ = ["Pace"]

REST_RATIO = 9.0
"""After a round, explanations rest for this many times as long as it took, so they have a tenth of a core: a
lone prediction takes 1.4 times as long when it finds only one of two cores idle."""
MAX_REST_SECONDS = 1.0
"""The longest rest: a round may have taken long only because it waited for predictions."""


class Pace:
    """The turns of all explanations. Pure: times are seconds on any clock that never goes back."""

    def __init__(self) -> None:
        self._rests_until_seconds = 0.0

    def wait_seconds(self, now_seconds: float) -> float:
        """Return how long the next round must wait."""
        return max(0.0, self._rests_until_seconds - now_seconds)

    def ran(self, *, start_seconds: float, end_seconds: float, has_live_work: bool) -> None:
        """Take when a round ran, and whether predictions are asked for."""
        if has_live_work:
            rest_seconds = min(MAX_REST_SECONDS, REST_RATIO * (end_seconds - start_seconds))
            self._rests_until_seconds = end_seconds + rest_seconds
