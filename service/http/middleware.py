"""Around every request: its id, its metrics, its log line, and an answer even if everything else fails."""

import asyncio
import logging
import random
import re
import time
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import ApiError, Draining, Internal
from service.http.dialect import dialect_of
from service.http.problems import error_response
from service.telemetry.logs import REQUEST_ID, log_event
from service.telemetry.metrics import Metrics
from service.telemetry.request_metrics import UNMATCHED, Endpoint, method_label

__all__ = ["CLIENT_LEFT", "REQUEST_ID_HEADER", "RequestMiddleware", "RouteTable"]

REQUEST_ID_HEADER = "X-Request-ID"
CLIENT_LEFT = 499
"""Status in logs and metrics of a request whose client did not wait for the answer."""

_ID_HEADER = REQUEST_ID_HEADER.lower().encode()
_SAFE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
# Machines ask for these every few seconds; their log lines would hide all others.
_PROBES = ("/healthz", "/readyz", "/metrics", "/status")


class RouteTable:
    """Finds the route of a path, for labels, since a label may hold nothing that a client sent."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        routes = list(dict.fromkeys(endpoint.route for endpoint in endpoints))
        self._methods = {
            route: sorted({endpoint.method for endpoint in endpoints if endpoint.route == route})
            for route in routes
        }
        self._plain = {route for route in routes if "{" not in route}
        self._patterns = [(route, compile_path(route)[0]) for route in routes if "{" in route]

    def find(self, path: str) -> str:
        """Return the route's template, as in "/models/{version}", or "unmatched"."""
        if path in self._plain:
            return path
        return next((route for route, pattern in self._patterns if pattern.match(path)), UNMATCHED)

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path takes; none if there is no such route."""
        methods = self._methods.get(self.find(path), [])
        return [name for method in methods for name in (("GET", "HEAD") if method == "GET" else (method,))]


class RequestMiddleware:
    """Pure ASGI, the outermost of our middleware."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, routes: RouteTable) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        token = REQUEST_ID.set(request_id)
        exchange = _Exchange(scope, send, request_id)
        start = time.perf_counter()
        try:
            with self._metrics.in_flight.track_inprogress():
                await self._answer(scope, receive, exchange)
        finally:
            self._record(scope, exchange, time.perf_counter() - start)
            REQUEST_ID.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, exchange: "_Exchange") -> None:
        try:
            await self._app(_as_get(scope), receive, exchange.send)
        except asyncio.CancelledError:
            # The server cancels what is still running at the end of DRAIN_SECONDS.
            await exchange.answer(Draining(), scope, receive)
        except Exception as error:
            log_event("internal_error", level=logging.ERROR, error=error)
            if not exchange.is_complete:
                await exchange.answer(Internal(), scope, receive)

    def _record(self, scope: Scope, exchange: "_Exchange", duration_seconds: float) -> None:
        route, method = self._routes.find(scope["path"]), method_label(scope["method"])
        self._metrics.answered(route, method, exchange.status, duration_seconds)
        level = logging.DEBUG if route in _PROBES and exchange.status < 400 else logging.INFO
        log_event(
            "request",
            level=level,
            route=route,
            method=method,
            status=exchange.status,
            duration_seconds=round(duration_seconds, 6),
            **_dialect_field(scope),
            **scope.get("state", {}).get("log_fields", {}),
        )


class _Exchange:
    """One response on its way out."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._send = send
        self._id_headers = _id_headers(scope, request_id.encode())
        self._started = False
        self.is_complete = False
        """Whether all of the response has been sent."""
        self.status = CLIENT_LEFT

    async def send(self, message: Message) -> None:
        """Pass a message on, with the request's id in its headers."""
        if message["type"] == "http.response.start":
            self._started = True
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self._id_headers]
        else:
            self.is_complete = not message.get("more_body", False)
        await self._send(message)

    async def answer(self, error: ApiError, scope: Scope, receive: Receive) -> None:
        """Answer with an error, unless part of another answer has been sent."""
        if self._started:
            raise RuntimeError("failed in the middle of a response")  # so that the server cuts the connection
        await error_response(error, scope)(scope, receive, self.send)


def choose_request_id(given: str | None) -> str:
    """Return the client's id when it is safe in headers and logs, else a new one."""
    return (
        given if given is not None and _SAFE_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
    )  # it is not a secret


def _id_headers(scope: Scope, request_id: bytes) -> list[tuple[bytes, bytes]]:
    dialect = dialect_of(scope)
    if dialect is None or dialect.request_id_header is None:
        return [(_ID_HEADER, request_id)]
    return [(_ID_HEADER, request_id), (dialect.request_id_header.lower().encode(), request_id)]


def _dialect_field(scope: Scope) -> dict[str, Any]:
    dialect = dialect_of(scope)
    return {} if dialect is None else {"dialect": dialect.name}


def _as_get(scope: Scope) -> Scope:
    # HEAD is GET without the body, which the server leaves out by itself.
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
