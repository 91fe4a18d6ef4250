"""The load of all benchmarks: one client for all servers, cheap enough to share their cores.

It keeps connections open, sends requests that were made in advance, and reads only the status and the end of
an answer. docs/measurements/performance.md has its cost beside that of general clients.
"""

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from itertools import cycle

from bench.answer import Answer, AnswerReader

__all__ = ["Address", "Judge", "RequestOutcome", "Sample", "closed_loop", "constant_arrival", "outcome_of"]

Address = tuple[str, int]
_RETRY_SECONDS = 0.02
_REFUSALS = frozenset({429, 503})


class RequestOutcome(Enum):
    """How a request ended."""

    GOOD = auto()
    REFUSED = auto()
    """With 429 or 503: the server protects itself."""
    LATE = auto()
    """The client left at the deadline, or got a 504 because it had passed."""
    FAILED = auto()
    """Any other status, or a broken connection."""


Judge = Callable[[bytes, Answer], RequestOutcome]
"""Says what the answer to a request means to the client."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request, timed on the clock of the event loop."""

    start_seconds: float
    """When it was sent; at constant arrival, when it should have been."""
    end_seconds: float
    outcome: RequestOutcome

    @property
    def latency_seconds(self) -> float:
        """How long it took."""
        return self.end_seconds - self.start_seconds


async def closed_loop(
    address: Address,
    requests: Iterable[bytes],
    *,
    num_connections: int,
    seconds: float,
    judge: Judge | None = None,
) -> list[Sample]:
    """Return the outcomes of `num_connections` clients that each send the next request upon an answer.

    A sequence of requests is sent in its order, again from the first at its end; another iterable ends the
    load with its last request, if the time has not ended it before.
    """
    stream = cycle(requests) if isinstance(requests, Sequence) else iter(requests)
    with _no_garbage_collection():
        load = _ClosedLoop(address, stream, seconds, judge or _by_status)
        await asyncio.gather(*[load.client() for _ in range(num_connections)])
    return load.samples


async def constant_arrival(
    address: Address, requests: Sequence[bytes], *, rate: float, seconds: float, deadline_seconds: float
) -> list[Sample]:
    """Return the outcomes of requests that are due at a constant rate a second, whatever the server does.

    Each request has a connection to itself until it ends. Latency counts from when the request was due, so
    that a late start does not hide a slow server (Tene 2015, "coordinated omission"). A client without an
    answer by the deadline hangs up.
    """
    with _no_garbage_collection():
        load = _ConstantArrival(address, deadline_seconds)
        await load.run(cycle(requests), num_requests=max(1, round(rate * seconds)), rate=rate)
    return load.samples


class _Connection(asyncio.Protocol):
    """One connection that carries one request at a time; `settled` is called when one has ended."""

    def __init__(self, judge: Judge, settled: Callable[["_Connection", RequestOutcome], None]) -> None:
        self._judge = judge
        self._settled = settled
        self._reader = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._request = b""
        self.is_busy = False
        self.start_seconds = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes, start_seconds: float) -> None:
        assert self._transport is not None  # noqa: S101  # only an open connection sends
        self.is_busy, self.start_seconds, self._request = True, start_seconds, request
        self._transport.write(request)

    def hang_up(self) -> None:
        self.is_busy = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # of a stream protocol it is
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            answer = self._reader.feed(data)
        except ValueError:
            self._close()
            self._settle(RequestOutcome.FAILED)
            return
        if answer is not None:
            if answer.closes:
                self._close()
            self._settle(self._judge(self._request, answer))

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  # its name is asyncio's
        self._transport = None
        self._settle(RequestOutcome.FAILED)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _settle(self, outcome: RequestOutcome) -> None:
        if self.is_busy:
            self.is_busy = False
            self._settled(self, outcome)


def _by_status(_request: bytes, answer: Answer) -> RequestOutcome:
    return outcome_of(answer)


def outcome_of(answer: Answer) -> RequestOutcome:
    """Return what the status of an answer means to the client."""
    if answer.status == 200:
        return RequestOutcome.GOOD
    if answer.status == 504:
        return RequestOutcome.LATE
    return RequestOutcome.REFUSED if answer.status in _REFUSALS else RequestOutcome.FAILED


class _ClosedLoop:
    """Clients that each wait for the answer before they send the next request."""

    def __init__(self, address: Address, requests: Iterator[bytes], seconds: float, judge: Judge) -> None:
        self.samples: list[Sample] = []
        self._address = address
        self._requests = requests
        self._judge = judge
        self._loop = asyncio.get_running_loop()
        self._end_seconds = self._loop.time() + seconds

    async def client(self) -> None:
        """Keep one connection busy until the end, and open another whenever it breaks."""
        while (request := self._next()) is not None:
            ended = asyncio.Event()
            try:
                _, connection = await self._loop.create_connection(
                    lambda: _Connection(self._judge, self._settler(ended)),  # noqa: B023  # it is made at once
                    *self._address,
                )
            except OSError:
                await self._failed_to_connect()
                continue
            connection.send(request, self._loop.time())
            await _wait(ended, self._end_seconds - self._loop.time())
            connection.hang_up()

    def _next(self) -> bytes | None:
        return next(self._requests, None) if self._loop.time() < self._end_seconds else None

    def _settler(self, ended: asyncio.Event) -> Callable[[_Connection, RequestOutcome], None]:
        def settled(connection: _Connection, outcome: RequestOutcome) -> None:
            now = self._loop.time()
            self.samples.append(Sample(connection.start_seconds, now, outcome))
            request = self._next() if connection.is_open else None
            if request is None:
                ended.set()
            else:
                connection.send(request, now)

        return settled

    async def _failed_to_connect(self) -> None:
        now = self._loop.time()
        self.samples.append(Sample(now, now, RequestOutcome.FAILED))
        await asyncio.sleep(_RETRY_SECONDS)


class _ConstantArrival:
    """Requests that come when they are due."""

    def __init__(self, address: Address, deadline_seconds: float) -> None:
        self.samples: list[Sample] = []
        self._address = address
        self._deadline_seconds = deadline_seconds
        self._loop = asyncio.get_running_loop()
        self._idle: list[_Connection] = []
        self._connecting: set[asyncio.Task[None]] = set()

    async def run(self, requests: Iterator[bytes], *, num_requests: int, rate: float) -> None:
        """Send each when it is due, and wait for the last."""
        start_seconds = self._loop.time()
        for number in range(num_requests):
            due_seconds = start_seconds + number / rate
            if (wait_seconds := due_seconds - self._loop.time()) > 0:
                await asyncio.sleep(wait_seconds)
            self._send(next(requests), due_seconds)
        end_seconds = self._loop.time() + self._deadline_seconds
        # An event would be set at every answer; this runs once, when nothing more is sent.
        while len(self.samples) < num_requests and self._loop.time() < end_seconds + 1:  # noqa: ASYNC110
            await asyncio.sleep(_RETRY_SECONDS)
        for connection in self._idle:
            connection.hang_up()

    def _send(self, request: bytes, due_seconds: float) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                self._start(connection, request, due_seconds)
                return
        task = self._loop.create_task(self._connect(request, due_seconds))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def _start(self, connection: _Connection, request: bytes, due_seconds: float) -> None:
        connection.send(request, due_seconds)
        self._loop.call_at(due_seconds + self._deadline_seconds, self._give_up, connection, due_seconds)

    async def _connect(self, request: bytes, due_seconds: float) -> None:
        end_seconds = due_seconds + self._deadline_seconds
        try:
            async with asyncio.timeout_at(end_seconds):
                _, connection = await self._loop.create_connection(
                    lambda: _Connection(_by_status, self._settled), *self._address
                )
        except TimeoutError:
            self.samples.append(Sample(due_seconds, self._loop.time(), RequestOutcome.LATE))
        except OSError:
            self.samples.append(Sample(due_seconds, self._loop.time(), RequestOutcome.FAILED))
        else:
            self._start(connection, request, due_seconds)

    def _give_up(self, connection: _Connection, due_seconds: float) -> None:
        if connection.is_busy and connection.start_seconds == due_seconds:
            connection.hang_up()
            self.samples.append(Sample(due_seconds, self._loop.time(), RequestOutcome.LATE))

    def _settled(self, connection: _Connection, outcome: RequestOutcome) -> None:
        self.samples.append(Sample(connection.start_seconds, self._loop.time(), outcome))
        if connection.is_open:
            self._idle.append(connection)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        pass


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    # A collection would stop the client in the middle of other requests' time.
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
