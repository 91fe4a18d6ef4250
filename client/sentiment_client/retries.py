"""When to ask again, and when to give up."""

import email.utils
import random
import time
from dataclasses import dataclass

__all__ = ["Retries", "retry_after_seconds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a client asks again when a service is busy, away, or cut off.

    It waits as long as the service's Retry-After says; where it says nothing, `first_wait_seconds`, and then
    twice as long each time. Up to a quarter is added to each wait, so that clients do not come back at once.
    A wait that would pass the deadline is not begun.
    """

    max_tries: int = 10
    """Requests in all; 1 never asks again."""
    first_wait_seconds: float = 0.1
    max_wait_seconds: float = 30.0

    def wait_seconds(self, num_tries: int, retry_after: str | None) -> float | None:
        """Return how long to wait after this many requests, or None to give up."""
        if num_tries >= self.max_tries:
            return None
        asked = retry_after_seconds(retry_after)
        wait = self.first_wait_seconds * 2 ** (num_tries - 1) if asked is None else asked
        return min(wait, self.max_wait_seconds) * random.uniform(1, 1.25)  # noqa: S311 - no secret


def retry_after_seconds(value: str | None) -> float | None:
    """Return what a Retry-After header means, a number of seconds or a date; None without a usable one."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
