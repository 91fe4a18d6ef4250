"""A client of POST /predict/stream that does exactly what a test says, byte by byte."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from tests.service.http_helpers import connect

__all__ = ["LAST_CHUNK", "Streaming", "chunk", "stream_head", "streaming"]

LAST_CHUNK = b"0\r\n\r\n"


class Streaming:
    """A stream on a connection."""

    def __init__(self, connection: socket.socket, answers: BinaryIO) -> None:
        self.connection = connection
        self.answers = answers
        self._buffer = b""

    def begin(self, *headers: str, query: str = "") -> None:
        """Send the head of a request."""
        self.connection.sendall(stream_head(*headers, query=query))

    def send(self, *lines: object) -> None:
        """Send lines, as they are if they are bytes, else as JSON."""
        self.connection.sendall(chunk(*lines))

    def finish(self) -> None:
        """End the body."""
        self.connection.sendall(LAST_CHUNK)

    def head(self) -> bytes:
        """Read the head of the answer."""
        found = b""
        while not found.endswith(b"\r\n\r\n"):
            line = self.answers.readline()
            assert line, "the connection was closed"
            found += line
        return found

    def line(self) -> dict[str, Any]:
        """Read one line of the answer."""
        while b"\n" not in self._buffer:
            data = self._chunk()
            assert data, "the stream has ended"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        content: dict[str, Any] = json.loads(line)
        return content

    def rest(self) -> list[dict[str, Any]]:
        """Read all lines that are left, and the end of the answer."""
        parts = [self._buffer]
        while data := self._chunk():
            parts.append(data)
        self._buffer = b""
        return [json.loads(line) for line in b"".join(parts).splitlines()]

    def _chunk(self) -> bytes:
        size = int(self.answers.readline() or b"-1", 16)
        assert size >= 0, "the answer was cut"
        data = self.answers.read(size)
        assert self.answers.read(2) == b"\r\n"
        return data


@contextmanager
def streaming(url: str, *headers: str, query: str = "") -> Iterator[Streaming]:
    """Begin a stream, and read the head of its answer."""
    with connect(url) as (connection, answers):
        stream = Streaming(connection, answers)
        stream.begin(*headers, query=query)
        assert stream.head().startswith(b"HTTP/1.1 200 ")
        yield stream


def stream_head(*headers: str, query: str = "") -> bytes:
    """Return the head of a stream."""
    lines = (
        f"POST /predict/stream{query} HTTP/1.1",
        "Host: test",
        "Content-Type: application/x-ndjson",
        "Transfer-Encoding: chunked",
    )
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def chunk(*lines: object) -> bytes:
    """Return a part of a body."""
    data = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    return b"%x\r\n%b\r\n" % (len(data), data)
