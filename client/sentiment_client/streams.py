"""Streams for ordinary programs: one thread sends and reads side by side."""

import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator

from sentiment_client.errors import RequestRefused
from sentiment_client.lines import Lines
from sentiment_client.resumption import Resumption
from sentiment_client.retries import Retries
from sentiment_client.score import Score
from sentiment_client.wire import StreamWire, Target

__all__ = ["score_stream"]

_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def score_stream(
    target: Target, retries: Retries, reviews: Iterable[str]
) -> Iterator[Score | RequestRefused]:
    """Yield the result of each review, in order, over as many streams as are needed; raises ClientError."""
    lines, source = Lines(), iter(reviews)
    resumption = Resumption(retries, lines)
    while True:
        lines.restart()
        if lines.needs_review:
            lines.put(next(source, None))
        if lines.is_done:
            return
        exchange = _Exchange(StreamWire(target), lines, source)
        yield from exchange.answers()
        if not lines.is_done:
            time.sleep(resumption.wait_seconds(exchange.wire.reply, exchange.failure))


class _Exchange:
    """One stream, on a connection that never blocks."""

    def __init__(self, wire: StreamWire, lines: Lines, source: Iterator[str]) -> None:
        self.wire = wire
        self.failure: OSError | None = None
        """Why there is no connection any more."""
        self._lines = lines
        self._source = source
        self._outgoing = bytearray(wire.begin())
        self._has_ended = False
        """Whether the end of the body was added to what goes out."""

    def answers(self) -> Iterator[Score | RequestRefused]:
        """Yield answers until the last line, or the end of the connection."""
        try:
            connection = _connect(self.wire.target)
        except OSError as error:
            self.failure = error
            return
        with connection:
            while not self.wire.is_over:
                if not self._outgoing:
                    self._fill()
                for line in self._move(connection):
                    if (answer := self._lines.answer(line)) is not None:
                        yield answer

    def _fill(self) -> None:
        """Take reviews while there is room, as many as go out at once."""
        for _ in range(64):
            if not self._lines.has_room:
                break
            self._lines.put(next(self._source, None))
        if data := self._lines.take():
            self._outgoing += self.wire.body(data)
        elif self._lines.is_all_sent and not self._has_ended:
            self._has_ended = True
            self._outgoing += self.wire.end()

    def _move(self, connection: socket.socket) -> list[bytes]:
        """Send and receive what can be, or wait until something can; returns the lines that are whole now."""
        try:
            data = _receive(connection)
            num_sent = _send(connection, self._outgoing) if self._outgoing else 0
            if num_sent == 0 and data is None:
                self._wait(connection)
        except OSError as error:
            self.failure = error
            return self.wire.receive(b"")
        del self._outgoing[:num_sent]
        return [] if data is None else self.wire.receive(data)

    def _wait(self, connection: socket.socket) -> None:
        seconds = self.wire.target.idle_seconds
        sending = [connection] if self._outgoing else []
        if not any(select.select([connection], sending, [], seconds)):
            raise TimeoutError(f"nothing came for {seconds:g} s")


def _receive(connection: socket.socket) -> bytes | None:
    """Return what came in, b"" at the end, None if nothing did."""
    try:
        return connection.recv(65_536)
    except _NOT_YET:
        return None


def _send(connection: socket.socket, data: bytearray) -> int:
    """Return how much was sent."""
    try:
        return connection.send(data)
    except _NOT_YET:
        return 0


def _connect(target: Target) -> socket.socket:
    connection = socket.create_connection(target.address, timeout=target.timeout_seconds)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target.is_secure:
            context = ssl.create_default_context()
            connection = context.wrap_socket(connection, server_hostname=target.url.host)
        connection.setblocking(False)
    except BaseException:
        connection.close()
        raise
    return connection
