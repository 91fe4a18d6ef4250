"""Streams for asyncio: a task sends while the caller reads."""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from sentiment_client.errors import RequestRefused
from sentiment_client.lines import Lines
from sentiment_client.resumption import Resumption
from sentiment_client.retries import Retries
from sentiment_client.score import Score
from sentiment_client.wire import StreamWire, Target

__all__ = ["score_stream"]


async def score_stream(
    target: Target, retries: Retries, reviews: Iterable[str] | AsyncIterable[str]
) -> AsyncIterator[Score | RequestRefused]:
    """Yield the result of each review, in order, over as many streams as are needed; raises ClientError."""
    lines, source = Lines(), _Source(reviews)
    resumption = Resumption(retries, lines)
    try:
        while True:
            lines.restart()
            if lines.needs_review:
                lines.put(await source.next())
            if lines.is_done:
                return
            exchange = _Exchange(StreamWire(target), lines, source)
            async for answer in exchange.answers():
                yield answer
            if not lines.is_done:
                await asyncio.sleep(resumption.wait_seconds(exchange.wire.reply, exchange.failure))
    finally:
        source.close()


class _Source:
    """The reviews; a stream that ends while one is awaited leaves it to the next stream."""

    def __init__(self, reviews: Iterable[str] | AsyncIterable[str]) -> None:
        self._reviews = aiter(reviews) if isinstance(reviews, AsyncIterable) else iter(reviews)
        self._awaited: asyncio.Task[str | None] | None = None

    @property
    def is_async(self) -> bool:
        """Whether the next review may take a while."""
        return isinstance(self._reviews, AsyncIterator)

    async def next(self) -> str | None:
        """Return the next review, None when there are no more."""
        if not isinstance(self._reviews, AsyncIterator):
            return next(self._reviews, None)
        if self._awaited is None:
            self._awaited = asyncio.create_task(_next(self._reviews))
        review = await asyncio.shield(self._awaited)
        self._awaited = None
        return review

    def close(self) -> None:
        """Await no more reviews."""
        if self._awaited is not None:
            self._awaited.cancel()


class _Exchange:
    """One stream on a connection of its own."""

    def __init__(self, wire: StreamWire, lines: Lines, source: _Source) -> None:
        self.wire = wire
        self.failure: OSError | None = None
        """Why there is no connection any more."""
        self._lines = lines
        self._source = source
        self._answered = asyncio.Event()

    async def answers(self) -> AsyncIterator[Score | RequestRefused]:
        """Yield answers until the last line, or the end of the connection."""
        try:
            reader, writer = await _connect(self.wire.target)
        except OSError as error:
            self.failure = error
            return
        sender = asyncio.create_task(self._send(writer))
        try:
            while not self.wire.is_over:
                data = await self._receive(reader, sender)
                self._answered.set()
                for line in self.wire.receive(data):
                    if (answer := self._lines.answer(line)) is not None:
                        yield answer
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        """Send all reviews, no faster than there is room for them."""
        is_open = await _write(writer, self.wire.begin())
        while is_open and not self._lines.is_all_sent:
            await self._fill()
            if data := self._lines.take():
                is_open = await _write(writer, self.wire.body(data))
        if is_open:
            await _write(writer, self.wire.end())

    async def _fill(self) -> None:
        """Wait for a review and for room, then take all others that are ready."""
        while not self._lines.has_room and not self._lines.has_waiting:
            self._answered.clear()
            await self._answered.wait()
        if not self._lines.has_waiting:
            self._lines.put(await self._source.next())
        for _ in range(63):
            if not self._lines.has_room or self._source.is_async:
                break
            self._lines.put(await self._source.next())

    async def _receive(self, reader: asyncio.StreamReader, sender: asyncio.Task[None]) -> bytes:
        """Return what came in, b"" at the end; raises what the reviews raise."""
        reading = asyncio.create_task(reader.read(65_536))
        try:
            while not reading.done():
                working: set[asyncio.Future[Any]] = {reading} if sender.done() else {reading, sender}
                seconds = self.wire.target.idle_seconds
                done, _ = await asyncio.wait(working, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if sender in done:
                    sender.result()
                if not done and self._lines.has_sent:
                    self.failure = TimeoutError(f"nothing came for {seconds:g} s")
                    return b""
            return reading.result()
        except OSError as error:
            if sender.done() and not sender.cancelled() and sender.exception() is error:
                raise
            self.failure = error
            return b""
        finally:
            reading.cancel()


async def _connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = target.address
    context = ssl.create_default_context() if target.is_secure else None
    async with asyncio.timeout(target.timeout_seconds):
        return await asyncio.open_connection(host, port, ssl=context)


async def _write(writer: asyncio.StreamWriter, data: bytes) -> bool:
    """Send a part of a request; returns whether there is still a connection. The reader finds out why not."""
    writer.write(data)
    try:
        await writer.drain()
    except OSError:
        return False
    return True


async def _next(reviews: AsyncIterator[str]) -> str | None:
    return await anext(reviews, None)
