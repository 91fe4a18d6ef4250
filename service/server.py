"""Listening, answering, and stopping without losing a request."""

import asyncio
import errno
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.server import HANDLED_SIGNALS

from service.errors import CannotListen
from service.open_files import allow_open_files
from service.protocol import Connection
from service.runtime.lifecycle import Lifecycle
from service.settings import Settings
from service.telemetry.logs import log_event

__all__ = ["Server", "listen", "serve"]

BACKLOG = 2048
"""Connections that may wait to be accepted; asyncio accepts this many before it handles the first."""
SPARE_FILES = 100


class Server(uvicorn.Server):
    """Uvicorn that turns readiness off before it stops, and stops when the model cannot be loaded."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                backlog=BACKLOG,
                loop="asyncio" if sys.platform == "win32" else "uvloop",
                log_config=None,
                access_log=False,
                ws="none",
                lifespan="on",
                server_header=False,
                proxy_headers=False,  # nothing asks who the client is
                timeout_keep_alive=settings.keep_alive_seconds,
                timeout_graceful_shutdown=settings.drain_seconds,
            )
        )
        self._lifecycle: Lifecycle = app.state.service.lifecycle
        self._has_signal = False
        connections = self.server_state.connections
        app.state.service.metrics.connections.set_function(lambda: len(connections))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal, or look at the store at SIGHUP, from now on.

        Uvicorn would raise a signal again in the end, and exit with a failure.
        """
        if threading.current_thread() is threading.main_thread():
            for number in HANDLED_SIGNALS:
                signal.signal(number, self.handle_exit)
            if hasattr(signal, "SIGHUP"):  # not on Windows
                loop = asyncio.get_running_loop()
                signal.signal(signal.SIGHUP, lambda *_: loop.call_soon_threadsafe(self._lifecycle.hurry))
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, since a signal has come."""
        self._has_signal = True
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop, after a signal or a failure; uvicorn asks ten times a second."""
        if counter % 10 == 0:
            self._check_connections()
        return await super().on_tick(counter) or self._lifecycle.failure is not None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the requests that were accepted, then stop."""
        self._lifecycle.drain()
        log_event("draining", num_requests=len(self.server_state.tasks))
        if self._has_signal and self._lifecycle.is_loading:
            # Nothing has been accepted, and nothing can stop the thread that loads.
            log_event("stopped")
            os._exit(0)
        await super().shutdown(sockets)
        await self._abort_connections()
        log_event("stopped")

    async def _abort_connections(self) -> None:
        """Drop answers that were not taken in the time to drain: closing the event loop waits for them."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.transport.abort()
        await asyncio.sleep(0)  # one turn of the loop, in which they end

    def _check_connections(self) -> None:
        now_seconds = time.monotonic()
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.check(now_seconds)


def serve(settings: Settings, make_app: Callable[[str], FastAPI]) -> str | None:
    """Serve until a signal comes, and return None; or return why the model could not be loaded.

    `make_app` gets the URL that the service listens on. Raises CannotListen, and InvalidSetting for API keys
    that are not valid.
    """
    allow_open_files(settings.max_connections + BACKLOG + SPARE_FILES)
    with listen(settings.host, settings.port) as listener:
        url = _url(listener)
        app = make_app(url)
        log_event("listening", url=url, needs_api_key=app.state.service.needs_api_key)
        Server(app, settings).run(sockets=[listener])
    lifecycle: Lifecycle = app.state.service.lifecycle
    return lifecycle.failure


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio turns Nagle's algorithm off only if the protocol is named; else each answer is 40 ms late.
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    reason = (error.strerror or str(error)).lower()
    advice = "choose another with --port or SENTIMENT_PORT"
    if error.errno not in (errno.EADDRINUSE, errno.EACCES):
        advice = "choose an address of this machine with --host or SENTIMENT_HOST"
    return CannotListen(f"cannot listen on {_join(host, port)}: {reason}; {advice}")


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{_join(host, port)}"


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
