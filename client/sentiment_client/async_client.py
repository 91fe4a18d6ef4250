"""The client for asyncio."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from itertools import islice
from types import TracebackType

import httpx2

from sentiment_client.async_streams import score_stream
from sentiment_client.batches import ReviewBatch, batches
from sentiment_client.call import (
    DEFAULTS,
    Call,
    Options,
    checked_url,
    explain_call,
    feedback_call,
    models_call,
    predict_call,
)
from sentiment_client.errors import RequestRefused
from sentiment_client.exchange import Exchange, Reply, accepted_of, explanations_of, models_of, scores_of
from sentiment_client.explanation import MAX_EXPLAINED, ExplainUnit, ScoreExplanation
from sentiment_client.retries import Retries
from sentiment_client.score import LoadedModel, Score
from sentiment_client.wire import Target

__all__ = ["AsyncClient"]


class AsyncClient:
    """Asks one service; close it, or use it in an `async with` block.

    A call with many reviews has up to `max_concurrency` requests under way. Each is sent again while the
    service is busy or away, as its Retry-After says, until `timeout_seconds` are over: they hold for one
    request with its retries. Every method raises `ClientError`.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = DEFAULTS.timeout_seconds,
        retries: Retries = DEFAULTS.retries,
        max_reviews: int = DEFAULTS.max_reviews,
        max_bytes: int = DEFAULTS.max_bytes,
        max_concurrency: int = 4,
    ) -> None:
        """Take a URL such as http://127.0.0.1:8000, or raise ServiceUnreachable; nothing is sent yet.

        `max_reviews` and `max_bytes` of text go into one request; the service's own limits are 256 and 2 MiB
        unless it is set otherwise.
        """
        self._options = Options(
            timeout_seconds=timeout_seconds, retries=retries, max_reviews=max_reviews, max_bytes=max_bytes
        )
        self._max_concurrency = max_concurrency
        self._url = checked_url(url)
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx2.AsyncClient(base_url=self._url, headers=self._headers)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def predict(self, reviews: Iterable[str], *, timeout_seconds: float | None = None) -> list[Score]:
        """Return the score of each review, in order; many go as several requests at a time."""
        return [score async for score in self.stream(reviews, timeout_seconds=timeout_seconds)]

    async def stream(
        self, reviews: Iterable[str], *, timeout_seconds: float | None = None
    ) -> AsyncIterator[Score]:
        """Yield the score of each review, in order; reviews are taken as they are needed, however many."""
        options = self._options
        under_way: deque[asyncio.Task[list[Score]]] = deque()
        try:
            for batch in batches(reviews, max_reviews=options.max_reviews, max_bytes=options.max_bytes):
                under_way.append(asyncio.create_task(self._scores(batch, timeout_seconds)))
                if len(under_way) == self._max_concurrency:
                    for score in await under_way.popleft():
                        yield score
            while under_way:
                for score in await under_way.popleft():
                    yield score
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def explain(
        self, reviews: Iterable[str], *, unit: ExplainUnit = "both", timeout_seconds: float | None = None
    ) -> list[ScoreExplanation]:
        """Return why each review has its score, in order; many go as several requests, one after another.

        `unit` says which parts are explained: sentences alone take the service much less time.
        """
        limit, explanations = min(MAX_EXPLAINED, self._options.max_reviews), list[ScoreExplanation]()
        for batch in batches(reviews, max_reviews=limit, max_bytes=self._options.max_bytes):
            reply = await self._send(explain_call(batch, unit), timeout_seconds)
            explanations += explanations_of(reply, batch.first)
        return explanations

    async def feedback(self, answers: Iterable[tuple[Score, str]]) -> int:
        """Say which answers were right, each score with its true label; return how many were counted.

        Many go as several requests, one after another. What the service may have counted is not sent again.
        """
        accepted, pairs = 0, iter(answers)
        while batch := list(islice(pairs, self._options.max_reviews)):
            reply = await self._send(feedback_call(batch), None)
            accepted += accepted_of(reply, accepted)
        return accepted

    def score_stream(
        self,
        reviews: Iterable[str] | AsyncIterable[str],
        *,
        version: int | str | None = None,
        timeout_seconds: float | None = None,
    ) -> AsyncIterator[Score | RequestRefused]:
        """Yield the result of each review, in order, over one stream; sends and reads at the same time.

        A review that cannot be scored has an error in its place. `version` binds the stream to a version, by
        number or as "candidate"; `timeout_seconds` hold for each review. A stream that ends early goes on in
        another one as the retries allow, which count from the last answer; else StreamCut is raised.
        """
        options = self._options
        target = Target(
            url=self._url,
            headers=self._headers,
            timeout_seconds=options.timeout_seconds if timeout_seconds is None else timeout_seconds,
            version=version,
        )
        return score_stream(target, options.retries, reviews)

    async def models(self) -> list[LoadedModel]:
        """Return the models that the service has loaded."""
        return models_of(await self._send(models_call(), None))

    async def _scores(self, batch: ReviewBatch, timeout_seconds: float | None) -> list[Score]:
        reply = await self._send(predict_call(batch), timeout_seconds)
        if reply.status == 413 and len(batch.reviews) > 1:
            first, second = batch.halves()
            return [
                *await self._scores(first, timeout_seconds),
                *await self._scores(second, timeout_seconds),
            ]
        return scores_of(reply, batch.first)

    async def _send(self, call: Call, timeout_seconds: float | None) -> Reply:
        options = self._options
        exchange = Exchange(
            retries=options.retries,
            may_repeat=call.may_repeat,
            timeout_seconds=options.timeout_seconds if timeout_seconds is None else timeout_seconds,
        )
        while True:
            wait = await self._try(call, exchange)
            if isinstance(wait, Reply):
                return wait
            await asyncio.sleep(wait)

    async def _try(self, call: Call, exchange: Exchange) -> Reply | float:
        """Return the answer, or how long to wait before asking again."""
        left = exchange.begin()
        try:
            response = await self._http.request(
                call.method, call.path, content=call.body, headers=call.headers(left), timeout=left
            )
        except httpx2.TimeoutException as error:
            exchange.give_up(error)
        except httpx2.RequestError as error:
            return exchange.wait_after_failure(error, was_sent=not isinstance(error, httpx2.ConnectError))
        reply = Reply(response.status_code, response.content, response.headers.get("Retry-After"))
        wait = exchange.wait_after(reply)
        return reply if wait is None else wait
