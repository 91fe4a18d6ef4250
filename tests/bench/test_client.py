"""The load, against a real server on loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from bench.client import Address, RequestOutcome, Sample, closed_loop, constant_arrival

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Work = Callable[[Address], Awaitable[list[Sample]]]
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
RATE = 50.0


class Talker:
    """A server that gives the same answer to every request, and counts."""

    def __init__(self, answer: bytes, *, closes: bool = False) -> None:
        self.num_requests = 0
        self.num_connections = 0
        self._answer = answer
        self._closes = closes

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.num_connections += 1
        while await reader.read(len(REQUEST)):
            self.num_requests += 1
            writer.write(self._answer)
            if self._closes:
                break


def load(handler: Handler, work: Work) -> list[Sample]:
    """Return what came of a load on a server with this handler, once all its connections have ended."""
    connections: list[asyncio.Future[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connections.append(ended)
        with suppress(ConnectionError):
            await handler(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        ended.set_result(None)

    async def run() -> list[Sample]:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            samples = await work(server.sockets[0].getsockname())
            await asyncio.gather(*connections)
            return samples

    return asyncio.run(run())


def clients(num: int) -> Work:
    return lambda address: closed_loop(address, [REQUEST], num_connections=num, seconds=0.2)


def arrival(*, seconds: float = 0.2, deadline_seconds: float = 5) -> Work:
    return lambda address: constant_arrival(
        address, [REQUEST], rate=RATE, seconds=seconds, deadline_seconds=deadline_seconds
    )


def outcomes(samples: list[Sample]) -> set[RequestOutcome]:
    return {sample.outcome for sample in samples}


def test_each_client_of_a_closed_loop_keeps_its_connection() -> None:
    talker = Talker(GOOD)
    samples = load(talker, clients(3))
    assert outcomes(samples) == {RequestOutcome.GOOD}
    assert talker.num_connections == 3
    assert len(samples) <= talker.num_requests <= len(samples) + 3
    assert all(sample.latency_seconds > 0 for sample in samples)


def test_a_client_connects_again_when_the_server_closes() -> None:
    talker = Talker(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), closes=True)
    samples = load(talker, clients(2))
    assert outcomes(samples) == {RequestOutcome.GOOD}
    assert talker.num_connections >= len(samples) > 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (GOOD.replace(b"200", b"429"), RequestOutcome.REFUSED),
        (GOOD.replace(b"200", b"503"), RequestOutcome.REFUSED),
        (GOOD.replace(b"200", b"500"), RequestOutcome.FAILED),
        (GOOD.replace(b"200", b"504"), RequestOutcome.LATE),
        (b"nonsense\r\n\r\n", RequestOutcome.FAILED),
    ],
)
def test_an_answer_is_counted_as_what_it_is(answer: bytes, outcome: RequestOutcome) -> None:
    assert outcomes(load(Talker(answer), clients(1))) == {outcome}
    assert outcomes(load(Talker(answer), arrival())) == {outcome}


async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(len(REQUEST))


def test_a_broken_connection_is_a_failure() -> None:
    assert outcomes(load(hang_up, clients(1))) == {RequestOutcome.FAILED}
    assert outcomes(load(hang_up, arrival())) == {RequestOutcome.FAILED}


def test_constant_arrival_counts_from_when_a_request_was_due() -> None:
    samples = sorted(load(Talker(GOOD), arrival(seconds=0.4)), key=lambda sample: sample.start_seconds)
    assert outcomes(samples) == {RequestOutcome.GOOD}
    starts = [sample.start_seconds - samples[0].start_seconds for sample in samples]
    assert starts == pytest.approx([number / RATE for number in range(20)])


def test_a_client_leaves_at_its_deadline() -> None:
    num_left = 0

    async def stay_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal num_left
        await reader.readexactly(len(REQUEST))
        with suppress(ConnectionError):
            assert await reader.read() == b""
        num_left += 1

    samples = load(stay_silent, arrival(deadline_seconds=0.1))
    assert outcomes(samples) == {RequestOutcome.LATE}
    assert len(samples) == 10
    assert all(sample.latency_seconds >= 0.1 for sample in samples)
    assert num_left == 10
