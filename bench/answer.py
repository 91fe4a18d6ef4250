"""Finds the end of an HTTP/1.1 answer, and its status (RFC 9112)."""

from dataclasses import dataclass

__all__ = ["Answer", "AnswerReader"]

_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    closes: bool
    """Whether the server will close the connection."""
    body: bytes


class AnswerReader:
    """Reads the answers of one connection, one after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Answer | None:
        """Return the answer once its last byte is there; raises ValueError if it is not HTTP/1.1."""
        self._buffer += data
        head_end = self._buffer.find(_END_OF_HEAD)
        if head_end < 0:
            return None
        head = bytes(self._buffer[:head_end]).lower()
        if not head.startswith(b"http/1."):
            raise ValueError("not HTTP/1.1")
        start = head_end + len(_END_OF_HEAD)
        if b"\r\ntransfer-encoding: chunked" in head:
            return self._chunked(head, start)
        length = int(_header(head, b"content-length"))
        if len(self._buffer) < start + length:
            return None
        return self._answer(head, bytes(self._buffer[start : start + length]), start + length)

    def _chunked(self, head: bytes, position: int) -> Answer | None:
        body = bytearray()
        while (line_end := self._buffer.find(b"\r\n", position)) >= 0:
            size = int(bytes(self._buffer[position:line_end]).split(b";")[0], 16)
            position = line_end + 2 + size + 2
            if len(self._buffer) < position:
                return None
            if size == 0:  # No server here sends trailers behind the last chunk.
                return self._answer(head, bytes(body), position)
            body += self._buffer[line_end + 2 : position - 2]
        return None

    def _answer(self, head: bytes, body: bytes, end: int) -> Answer:
        del self._buffer[:end]
        return Answer(status=int(head[9:12]), closes=b"\r\nconnection: close" in head, body=body)


def _header(head: bytes, name: bytes) -> bytes:
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        raise ValueError(f"no {name.decode()}")
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()
