"""One client's connection, with limits for a client that sends too much or too slowly, or does not read.

Uvicorn limits none of that before a request's head is complete, and its protocol for httptools limits neither
trailers nor requests that come before the last one is answered.
"""

import asyncio
import struct
import sys
import time
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.errors import ApiError, BadRequest, HeaderTooLarge, RequestTimeout, TooManyConnections
from service.http.duplex import TAKING_FACTOR, Duplex, Stall
from service.http.middleware import REQUEST_ID_HEADER, choose_request_id
from service.http.parser import RequestParser
from service.http.problems import error_response
from service.runtime.state import State
from service.telemetry.logs import REQUEST_ID

if sys.platform == "linux":
    import fcntl
    import termios

__all__ = ["Connection"]

LINGER_SECONDS = 2.0
"""How long a client may still send when it has its answer and the connection is to close."""


class _Phase(Enum):
    """What a connection waits for."""

    NOTHING = auto()
    """The client may or may not send a request; uvicorn closes it after KEEP_ALIVE_SECONDS."""
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    """The service has to answer."""
    READER = auto()
    """The client has to read its answer."""


_IDLE = (_Phase.HEAD, _Phase.NOTHING)
_STALLS = {_Phase.BODY: Stall.SENDS_NOTHING, _Phase.READER: Stall.TAKES_NOTHING}


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol, with limits. Owned by the event loop; call `check` about once a second."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # uvicorn's own
        super().__init__(*arguments, **named)
        self.parser = RequestParser(self)
        application: Any = self.config.app
        state: State = application.state.service
        self._settings = state.settings
        self._metrics = state.metrics
        self._head_bytes = 0
        self._in_head = False
        self._duplex = Duplex()
        self._lingers = False
        self._state: tuple[object, ...] = (_Phase.HEAD, None, None)
        self._since_seconds = time.monotonic()  # finer than the loop's clock, to find the oldest

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  # uvicorn narrows it, too
        """If there are too many connections, make room for this one or refuse it."""
        super().connection_made(transport)
        if len(self.connections) > self._settings.max_connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read what came in, up to the limit for an incomplete head."""
        if self._lingers:
            return
        self._duplex.num_bytes_in += len(data)
        before = self._request
        in_body = before is not None and before.more_body
        super().data_received(data)
        if self._request is not before:
            self._head_bytes = 0
        elif not in_body:
            self._head_bytes += len(data)
            if self._head_bytes > self._settings.max_header_bytes:
                self._refuse(HeaderTooLarge(self._settings.max_header_bytes))

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep only the headers of a head: trailers have no limit, and nobody reads them."""
        if self._in_head:
            super().on_header(name, value.rstrip(b" \t"))  # llhttp leaves white space after a value

    def on_headers_complete(self) -> None:
        """End a head; one that offers an upgrade is read again without the offer."""
        self._in_head = False
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        request = self.cycle
        self._duplex.install(request.scope["state"])
        if request.scope["method"] != "HEAD":  # whose answer has no body
            request.transport = _OneWrite(self, request)  # type: ignore[assignment]  # it has what uvicorn uses

    def on_message_complete(self) -> None:
        """End a request."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Stop reading while requests wait that were already read: uvicorn would let them pile up."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()
        elif (request := self._request) is not None and self._still_sends_a_stream(request):
            self._linger()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what a stream still does."""
        super().connection_lost(exc)
        self._duplex.leave()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's own text
        """Answer with a problem document what is not HTTP."""
        self._refuse(BadRequest("This is not valid HTTP/1.1."))

    @property
    def is_open(self) -> bool:
        """Whether it has not begun to close."""
        return not (self.transport.is_closing() or self._lingers)

    def write(self, data: bytes) -> None:
        """Send a part of an answer."""
        self._duplex.num_bytes_out += len(data)
        self.transport.write(data)

    def close_after(self, request: RequestResponseCycle) -> None:
        """Close it when the answer to its last request has been sent."""
        if self._still_sends_a_stream(request):
            self._linger()
        else:
            self.transport.close()

    def check(self, now_seconds: float) -> None:
        """Close it when it has waited too long for its client; the time is on the monotonic clock."""
        phase = self._phase_now()
        state = (phase, self._request, self._progress(phase))
        if state != self._state:
            self._state, self._since_seconds = state, now_seconds
        elif now_seconds - self._since_seconds > self._patience_seconds(phase):
            if phase in _STALLS and self._duplex.stream is not None and not self._duplex.has_stalled:
                self._since_seconds = now_seconds
                self._duplex.stall(_STALLS[phase])
            else:
                self._give_up(phase)

    @property
    def _request(self) -> RequestResponseCycle | None:
        """The last request whose head is complete."""
        return self.cycle  # may be None, which uvicorn's annotation does not say

    def _phase_now(self) -> _Phase:
        request = self._request
        if self.transport.get_write_buffer_size() > 0:
            return _Phase.READER
        if request is None:
            return _Phase.HEAD
        if (stream := self._duplex.stream) is not None:
            return _Phase.BODY if stream.waits_for_client else _Phase.ANSWER
        if not request.response_complete:
            return _Phase.BODY if request.more_body else _Phase.ANSWER
        # Uvicorn ends this timer as soon as anything comes: a part of the next head, or the rest of a body.
        return _Phase.HEAD if self.timeout_keep_alive_task is None else _Phase.NOTHING

    def _patience_seconds(self, phase: _Phase) -> int:
        is_streaming = phase is _Phase.READER and self._duplex.stream is not None
        return (TAKING_FACTOR if is_streaming else 1) * self._settings.client_timeout_seconds

    def _progress(self, phase: _Phase) -> tuple[int, ...]:
        """Return figures that change while bytes of a stream move; other requests have no such extension."""
        duplex = self._duplex
        if not duplex.has_streamed or (duplex.stream is None and phase is not _Phase.READER):
            return ()
        num_bytes_in = 0 if duplex.stream is None else duplex.num_bytes_in
        num_waiting = self.transport.get_write_buffer_size()
        return num_bytes_in, duplex.num_bytes_out, num_waiting, _num_unacknowledged_bytes(self.transport)

    def _still_sends_a_stream(self, request: RequestResponseCycle) -> bool:
        return self._duplex.has_streamed and request.more_body

    def _linger(self) -> None:
        """Send no more, and drop what comes in: a close would take the end of its answer from the client."""
        if self.is_open:
            self._lingers = True
            self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self._stop_lingering)

    def _stop_lingering(self) -> None:
        if self.transport.get_write_buffer_size() + _num_unacknowledged_bytes(self.transport) > 0:
            self.loop.call_later(LINGER_SECONDS, self._stop_lingering)
        else:
            self.transport.close()

    def _give_up(self, phase: _Phase) -> None:
        if phase is _Phase.READER:
            self._metrics.cut("answer_not_taken")
            self.transport.abort()
        elif phase is _Phase.BODY or (phase is _Phase.HEAD and self._head_bytes > 0):
            self._refuse(RequestTimeout(self._settings.client_timeout_seconds))
        elif phase is _Phase.HEAD:  # without one byte of a request
            self._metrics.cut(RequestTimeout.code)
            self.transport.close()

    def _make_room(self) -> None:
        others = [each for each in self.connections if isinstance(each, Connection) and each.is_open]
        if len(others) <= self._settings.max_connections:
            return
        idle = [each for each in others if each is not self and each._phase_now() in _IDLE]
        if idle:
            self._metrics.cut("made_room")
            min(idle, key=lambda each: each._since_seconds).transport.close()
        else:
            self._refuse(TooManyConnections())

    def _refuse(self, error: ApiError) -> None:
        """Answer with an error that belongs to no request, and close."""
        if not self.is_open:
            return
        self._metrics.cut(error.code)
        request = self._request
        if request is None or not request.response_started or request.response_complete:
            self.transport.write(_as_bytes(error, {} if request is None else cast("Scope", request.scope)))
        self.transport.close()
        if request is not None:  # so that the work on it stops
            request.disconnected = True
            request.message_event.set()


class _OneWrite:
    """A request's transport that sends the head of the answer with the beginning of its body.

    Uvicorn writes one after the other, and each write is a system call and a packet.
    """

    def __init__(self, connection: Connection, request: RequestResponseCycle) -> None:
        self._connection = connection
        self._request = request
        self._head: bytes | None = None  # none came yet; empty when it is written

    def write(self, data: bytes) -> None:
        """Keep the head, and write what follows behind it; an interim answer comes before the head."""
        if self._head is None and self._request.response_started:
            self._head = data
        elif self._head:
            self._connection.write(self._head + data)
            self._head = b""
        else:
            self._connection.write(data)

    def is_closing(self) -> bool:
        """Return whether the connection closes."""
        return not self._connection.is_open

    def close(self) -> None:
        """Close it after what was written."""
        if self._head:
            self._connection.write(self._head)
        self._connection.close_after(self._request)


def _as_bytes(error: ApiError, scope: Scope) -> bytes:
    request_id = choose_request_id(None)
    token = REQUEST_ID.set(request_id)
    response = error_response(error, scope)
    REQUEST_ID.reset(token)
    headers = [*response.raw_headers, (REQUEST_ID_HEADER.lower().encode(), request_id.encode())]
    lines = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}".encode(),
        *(name + b": " + value for name, value in headers),
        b"connection: close",
    ]
    return b"\r\n".join([*lines, b"", bytes(response.body)])


def _num_unacknowledged_bytes(transport: asyncio.Transport) -> int:
    """Return how much of what was written the client's system has not taken; 0 where that is not known."""
    if sys.platform != "linux" or transport.is_closing():
        return 0
    size = struct.pack("i", 0)
    answer = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, size)
    return int(struct.unpack("i", answer)[0])
