"""Until when an answer is of use to a client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from service.errors import DeadlineExceeded, FieldError, InvalidRequest
from service.settings import Settings

__all__ = ["MAX_TIMEOUT_MS", "TIMEOUT_HEADER", "deadline", "timeout_ms"]

TIMEOUT_HEADER = "X-Request-Timeout-Ms"
MAX_TIMEOUT_MS = 3_600_000


def timeout_ms(request: Request, settings: Settings) -> int:
    """Return how long the client waits, by its own word or the setting's; raises InvalidRequest."""
    given = request.headers.get(TIMEOUT_HEADER)
    if given is None:
        return settings.request_timeout_ms
    if given.isascii() and given.isdecimal() and len(given) <= 9 and 1 <= int(given) <= MAX_TIMEOUT_MS:
        return int(given)
    message = f"must be a whole number of milliseconds from 1 to {MAX_TIMEOUT_MS}"
    raise InvalidRequest(
        "The request breaks a rule; see errors.", errors=[FieldError(f"header.{TIMEOUT_HEADER}", message)]
    )


@asynccontextmanager
async def deadline(at_seconds: float, *, while_reading: bool = False) -> AsyncIterator[None]:
    """Cancel what runs inside at a time of the event loop's clock, and raise DeadlineExceeded."""
    try:
        async with asyncio.timeout_at(at_seconds) as timer:
            yield
    except TimeoutError:
        if not timer.expired():
            raise
        raise DeadlineExceeded(while_reading=while_reading) from None
