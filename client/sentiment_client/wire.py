"""A stream as HTTP/1.1, without sending anything: both clients share it.

httpx2 sends the whole body of a request before it reads the answer, so a stream has its own connection.
"""

from dataclasses import dataclass, field

import h11
import httpx2

from sentiment_client.errors import ServiceUnreachable
from sentiment_client.exchange import Reply

__all__ = ["StreamWire", "Target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a stream goes, and with what."""

    url: httpx2.URL
    headers: dict[str, str]
    timeout_seconds: float
    """For each line."""
    version: int | str | None = None

    @property
    def address(self) -> tuple[str, int]:
        """The host and its port."""
        return self.url.host, self.url.port or (443 if self.is_secure else 80)

    @property
    def is_secure(self) -> bool:
        """Whether it is asked by TLS."""
        return self.url.scheme == "https"

    @property
    def idle_seconds(self) -> float:
        """After how long without a byte the service is given up."""
        return self.timeout_seconds + 10

    def request(self) -> h11.Request:
        """Return the head of the request."""
        path = f"{self.url.path.rstrip('/')}/predict/stream"
        if self.version is not None:
            path += f"?version={self.version}"
        milliseconds = max(1, min(3_600_000, int(self.timeout_seconds * 1000)))
        headers = {
            "Host": self.url.netloc.decode(),
            "Content-Type": "application/x-ndjson",
            "Transfer-Encoding": "chunked",
            "X-Request-Timeout-Ms": str(milliseconds),
        }
        return h11.Request(method="POST", target=path, headers=list((headers | self.headers).items()))


@dataclass(slots=True)
class StreamWire:
    """One request and its answer."""

    target: Target
    reply: Reply | None = None
    """What came in place of a stream, once it is whole."""
    is_over: bool = False
    """Whether the answer has come to its end."""
    _http: h11.Connection = field(default_factory=lambda: h11.Connection(our_role=h11.CLIENT))
    _status: int = 0
    _retry_after: str | None = None
    _rest: bytes = b""

    def begin(self) -> bytes:
        """Return the head."""
        return self._http.send(self.target.request()) or b""

    def body(self, data: bytes) -> bytes:
        """Return a part of the body as it is sent."""
        return self._http.send(h11.Data(data=data)) or b""

    def end(self) -> bytes:
        """Return the end of the body."""
        return self._http.send(h11.EndOfMessage()) or b""

    def receive(self, data: bytes) -> list[bytes]:
        """Take what came in, b"" for the end of the connection; returns the lines that are whole now."""
        lines: list[bytes] = []
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.ConnectionClosed):
                    break
                lines += self._take(event)
        except h11.RemoteProtocolError as error:
            if data:
                raise ServiceUnreachable(f"the answer is not HTTP: {error}") from error
            self.is_over = True  # cut
        self.is_over = self.is_over or not data
        return lines

    def _take(self, event: object) -> list[bytes]:
        if isinstance(event, h11.Response):
            self._status = event.status_code
            self._retry_after = next(
                (value.decode() for name, value in event.headers if name == b"retry-after"), None
            )
        elif isinstance(event, h11.Data):
            self._rest += event.data
            if self._status == 200:
                *lines, self._rest = self._rest.split(b"\n")
                return lines
        elif isinstance(event, h11.EndOfMessage):
            self.is_over = True
            if self._status != 200:
                self.reply = Reply(self._status, self._rest, self._retry_after)
        return []
