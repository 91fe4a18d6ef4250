"""How long a client waits for its answer."""

import asyncio
from types import TracebackType

from starlette.requests import Request

from service.errors import DeadlineExceeded, FieldError, InvalidRequest
from service.settings import Settings

__all__ = ["MAX_TIMEOUT_MS", "TIMEOUT_HEADER", "Deadline", "timeout_ms"]

TIMEOUT_HEADER = "X-Request-Timeout-Ms"
MAX_TIMEOUT_MS = 3_600_000


def timeout_ms(request: Request, settings: Settings) -> int:
    """Return how long the client waits: what its header says, else the setting; raises InvalidRequest."""
    given = request.headers.get(TIMEOUT_HEADER)
    if given is None:
        return settings.request_timeout_ms
    if given.isascii() and given.isdecimal() and len(given) <= 9 and 1 <= int(given) <= MAX_TIMEOUT_MS:
        return int(given)
    message = f"must be a whole number of milliseconds from 1 to {MAX_TIMEOUT_MS}"
    raise InvalidRequest(
        "The request breaks a rule; see errors.", errors=[FieldError(f"header.{TIMEOUT_HEADER}", message)]
    )


class Deadline:
    """Cancels what runs inside at a time of the event loop's clock, and raises DeadlineExceeded."""

    def __init__(self, at_seconds: float) -> None:
        self.at_seconds = at_seconds
        self.is_read = False
        """Whether the whole request has come in; if not, the client was slow, not the service."""
        self._timer = asyncio.timeout_at(at_seconds)

    async def __aenter__(self) -> "Deadline":
        """Begin."""
        await self._timer.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; any other exception passes through."""
        try:
            await self._timer.__aexit__(kind, error, trace)
        except TimeoutError:
            raise DeadlineExceeded(while_reading=not self.is_read) from None
