"""What is checked of every request first: the form and size of its head, and its API key."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import AmbiguousLength, ApiError, HeaderTooLarge, Rejection, Unauthorized
from service.http.api_keys import ApiKeys
from service.http.dialect import dialect_of
from service.http.problems import error_response
from service.settings import Settings
from service.telemetry.metrics import Metrics

__all__ = ["ADMIN_FOLDER", "KEY_HEADER", "Guard", "Keys", "is_open"]

KEY_HEADER = "X-API-Key"
ADMIN_FOLDER = "/admin"

_OPEN_METHODS = frozenset({"GET", "HEAD"})
_OPEN_PATHS = frozenset(
    {
        "/",
        "/docs",
        "/healthz",
        "/icon.svg",
        "/metrics",
        "/openapi.json",
        "/page.css",
        "/page.js",
        "/readyz",
    }
)
_OPEN_FOLDER = "/assets/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Whose keys open what: a client's never opens `/admin`, and an admin's opens nothing else."""

    client: ApiKeys
    admin: ApiKeys

    def allow(self, method: str, path: str, given: str) -> bool:
        """Return whether a request with this key, or none, may be answered."""
        if self.admin and (path == ADMIN_FOLDER or path.startswith(f"{ADMIN_FOLDER}/")):
            return self.admin.accept(given)
        return not self.client or is_open(method, path) or self.client.accept(given)


class Guard:
    """Pure ASGI in front of the router, so that a route which is added later needs a key by default."""

    def __init__(self, app: ASGIApp, *, keys: Keys, metrics: Metrics, settings: Settings) -> None:
        self._app = app
        self._keys = keys
        self._metrics = metrics
        self._max_header_bytes = settings.max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request, or refuse it before its body is read."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except ApiError as error:
                if isinstance(error, Rejection):
                    self._metrics.rejected(error.code)
                await error_response(error, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if _num_bytes(scope) > self._max_header_bytes:
            raise HeaderTooLarge(self._max_header_bytes)
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
            # A proxy may go by the other header, and take part of this body for another request.
            raise AmbiguousLength
        if not self._keys.allow(scope["method"], scope["path"], _given_key(scope)):
            raise Unauthorized


def is_open(method: str, path: str) -> bool:
    """Return whether this needs no key: reading the page, health, metrics and documentation."""
    return method in _OPEN_METHODS and (path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER))


def _given_key(scope: Scope) -> str:
    headers = Headers(scope=scope)
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    dialect = dialect_of(scope)
    names = (None if dialect is None else dialect.key_header, KEY_HEADER)
    return next((headers[name] for name in names if name is not None and name in headers), "")


def _num_bytes(scope: Scope) -> int:
    """Return the size of the head as clients usually write it; its exact bytes are not known here."""
    first = (
        len(scope["method"]) + len(scope["raw_path"]) + len(scope["query_string"]) + len(" ? HTTP/1.1\r\n")
    )
    return first + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) + len("\r\n")
