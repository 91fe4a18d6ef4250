"""What a connection and a stream, whose body and answer go side by side, have to tell each other."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any, Protocol

from starlette.requests import Request

__all__ = ["TAKING_FACTOR", "Duplex", "Stall", "Stream", "duplex_of"]

TAKING_FACTOR = 2
"""How many times CLIENT_TIMEOUT_SECONDS a client may take no answer: its system takes them in large steps."""
_KEY = "duplex"


class Stall(Enum):
    """What a client has not done for too long, while nothing else moved either."""

    SENDS_NOTHING = auto()
    TAKES_NOTHING = auto()


class Stream(Protocol):
    """The side of the route."""

    @property
    def waits_for_client(self) -> bool:
        """Whether all that has come in is answered."""

    def stall(self, stall: Stall) -> None:
        """Come to an end, since nothing moves."""

    def leave(self) -> None:
        """Give everything up, since the client is gone."""


class Duplex:
    """Of one connection, which has one request at a time; the route of a stream opens it and closes it."""

    def __init__(self) -> None:
        self.stream: Stream | None = None
        """The stream that is open."""
        self.has_streamed = False
        """Whether there has been one."""
        self.has_stalled = False
        """Whether the stream has been told that nothing moves."""
        self.num_bytes_in = 0
        self.num_bytes_out = 0
        """Given to the transport."""

    def install(self, request_state: MutableMapping[str, Any]) -> None:
        """Let the route find it."""
        request_state[_KEY] = self

    @contextmanager
    def open(self, stream: Stream) -> Iterator[None]:
        """Let a stream be told of its client."""
        self.stream, self.has_streamed, self.has_stalled = stream, True, False
        try:
            yield
        finally:
            self.stream = None

    def stall(self, stall: Stall) -> None:
        """Tell the stream that nothing moves."""
        self.has_stalled = True
        if self.stream is not None:
            self.stream.stall(stall)

    def leave(self) -> None:
        """Tell the stream that its client has left."""
        if self.stream is not None:
            self.stream.leave()


def duplex_of(request: Request) -> Duplex:
    """Return that of a request."""
    duplex: Duplex = request.scope["state"][_KEY]
    return duplex
