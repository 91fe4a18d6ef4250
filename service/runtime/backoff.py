"""When to retry a version that was refused."""

__all__ = ["Backoff"]

MAX_SECONDS = 60.0


class Backoff:
    """Waits twice as long after each failure of the same version. Times are seconds on any one clock."""

    def __init__(self, first_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._version: int | None = None
        self._wait_seconds = first_seconds
        self._next_seconds = 0.0

    def is_due(self, version: int, now_seconds: float) -> bool:
        """Return whether a version may be tried. A version other than the one that failed always may."""
        return version != self._version or now_seconds >= self._next_seconds

    def failed(self, version: int, now_seconds: float) -> None:
        """Remember a failure."""
        again = version == self._version
        self._wait_seconds = min(MAX_SECONDS, 2 * self._wait_seconds) if again else self._first_seconds
        self._version, self._next_seconds = version, now_seconds + self._wait_seconds

    def clear(self) -> None:
        """Let every version be tried at once."""
        self._version = None
