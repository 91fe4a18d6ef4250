"""The API of another service, which its clients may speak here: how it writes errors, where it has the key.

What finds the dialect of a request leaves it in the ASGI scope, for all that answers the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ApiError
from service.schemas.base import Schema

__all__ = ["Dialect", "DialectFinder", "ErrorForm", "dialect_of"]

_KEY = "dialect"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorForm:
    """How errors are written."""

    media_type: str
    schema: type[Schema]
    """The schema of the body, for the OpenAPI document."""
    content: Callable[[ApiError, str], dict[str, Any]]
    """Returns the body, from the error and the id of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What is special about all requests and answers of one dialect."""

    name: str
    errors: ErrorForm
    key_header: str | None = None
    """A header that may hold the API key, besides the usual ones."""
    request_id_header: str | None = None
    """A header that has the request's id, besides X-Request-ID."""


class DialectFinder:
    """Pure ASGI: notes the dialect of each request. It stands in front of all else that answers."""

    def __init__(self, app: ASGIApp, *, find: Callable[[Scope], Dialect | None]) -> None:
        self._app = app
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] == "http" and (dialect := self._find(scope)) is not None:
            # The state is one object, also where a layer in front has copied the scope.
            scope.setdefault("state", {})[_KEY] = dialect
        await self._app(scope, receive, send)


def dialect_of(scope: Scope) -> Dialect | None:
    """Return the dialect of a request; None for the service's own API."""
    dialect: Dialect | None = scope.get("state", {}).get(_KEY)
    return dialect
