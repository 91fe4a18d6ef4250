"""Reading requests for a server that accepts no upgrade."""

from collections.abc import Sequence
from typing import Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

__all__ = ["Reader", "RequestParser"]


class Reader(Protocol):
    """What has collected the head that the parser has just read."""

    url: bytes
    headers: list[tuple[bytes, bytes]]
    """Names are in lower case."""


class RequestParser(HttpRequestParser):
    """httptools' parser, but a request that offers an upgrade is an ordinary one, as RFC 9110 (7.8) allows.

    llhttp stops after the head of such a request and leaves its body to the other protocol. So this parser
    reads the head again without the offer. The first time, `should_upgrade()` is true, and the reader must do
    nothing in `on_headers_complete` and `on_message_complete`.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._begin()

    def feed_data(self, data: bytes | memoryview) -> None:  # type: ignore[override]  # all that uvicorn gives
        """Take what came in; raises HttpParserError for what is not HTTP/1 or asks for a tunnel."""
        rest = memoryview(data)
        while True:
            try:
                super().feed_data(rest)
            except HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
                self._read_without_offer()
            else:
                return

    def _read_without_offer(self) -> None:
        method = self.get_method()
        if method == b"CONNECT":  # what follows is not for us, whatever the headers say
            raise HttpParserError("CONNECT")
        headers = self._reader.headers
        offer = [header for header in headers if header[0] == b"upgrade"]
        first_line = b" ".join([method, self._reader.url, f"HTTP/{self.get_http_version()}".encode()])
        self._begin()  # llhttp may take this request for the last one of the connection
        super().feed_data(_head(first_line, [header for header in headers if header[0] != b"upgrade"]))
        # The request keeps all of its headers: their size has a limit. Nothing has looked at them yet.
        self._reader.headers += offer

    def _begin(self) -> None:
        super().__init__(self._reader)
        # After a last request, more data is dropped instead of an error, as in uvicorn's own parser.
        self.set_dangerous_leniencies(lenient_data_after_close=True)


def _head(first_line: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"\r\n".join([first_line, *(name + b": " + value for name, value in headers), b"", b""])
