"""The client for ordinary programs."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType

import httpx2

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
from sentiment_client.streams import score_stream
from sentiment_client.wire import Target

__all__ = ["Client"]


class Client:
    """Asks one service; safe to share between threads. Close it, or use it in a `with` block.

    A call asks again while the service is busy or away, as its Retry-After says, until `timeout_seconds` are
    over: they hold for one request with its retries. Every method raises `ClientError`.
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
    ) -> None:
        """Take a URL such as http://127.0.0.1:8000, or raise ServiceUnreachable; nothing is sent yet.

        `max_reviews` and `max_bytes` of text go into one request; the service's own limits are 256 and 2 MiB
        unless it is set otherwise.
        """
        self._options = Options(
            timeout_seconds=timeout_seconds, retries=retries, max_reviews=max_reviews, max_bytes=max_bytes
        )
        self._url = checked_url(url)
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx2.Client(base_url=self._url, headers=self._headers)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(self, reviews: Iterable[str], *, timeout_seconds: float | None = None) -> list[Score]:
        """Return the score of each review, in order; many go as several requests, one after another."""
        return list(self.stream(reviews, timeout_seconds=timeout_seconds))

    def stream(self, reviews: Iterable[str], *, timeout_seconds: float | None = None) -> Iterator[Score]:
        """Yield the score of each review, in order; reviews are taken as they are needed, however many."""
        options = self._options
        for batch in batches(reviews, max_reviews=options.max_reviews, max_bytes=options.max_bytes):
            yield from self._scores(batch, timeout_seconds)

    def explain(
        self, reviews: Iterable[str], *, unit: ExplainUnit = "both", timeout_seconds: float | None = None
    ) -> list[ScoreExplanation]:
        """Return why each review has its score, in order; many go as several requests, one after another.

        `unit` says which parts are explained: sentences alone take the service much less time.
        """
        limit, explanations = min(MAX_EXPLAINED, self._options.max_reviews), list[ScoreExplanation]()
        for batch in batches(reviews, max_reviews=limit, max_bytes=self._options.max_bytes):
            reply = self._send(explain_call(batch, unit), timeout_seconds)
            explanations += explanations_of(reply, batch.first)
        return explanations

    def feedback(self, answers: Iterable[tuple[Score, str]]) -> int:
        """Say which answers were right, each score with its true label; return how many were counted.

        Many go as several requests, one after another. What the service may have counted is not sent again.
        """
        accepted, pairs = 0, iter(answers)
        while batch := list(islice(pairs, self._options.max_reviews)):
            reply = self._send(feedback_call(batch), None)
            accepted += accepted_of(reply, accepted)
        return accepted

    def score_stream(
        self,
        reviews: Iterable[str],
        *,
        version: int | str | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[Score | RequestRefused]:
        """Yield the result of each review, in order, over one stream; sends and reads at the same time.

        A review that cannot be scored has an error in its place. `version` binds the stream to a version, by
        number or as "candidate"; `timeout_seconds` hold for each review. A stream that ends early goes on in
        another one as the retries allow, which count from the last answer; else StreamCut is raised.
        Reviews are taken between answers, on the caller's thread, so they must not wait for an answer.
        """
        options = self._options
        target = Target(
            url=self._url,
            headers=self._headers,
            timeout_seconds=options.timeout_seconds if timeout_seconds is None else timeout_seconds,
            version=version,
        )
        return score_stream(target, options.retries, reviews)

    def models(self) -> list[LoadedModel]:
        """Return the models that the service has loaded."""
        return models_of(self._send(models_call(), None))

    def _scores(self, batch: ReviewBatch, timeout_seconds: float | None) -> list[Score]:
        reply = self._send(predict_call(batch), timeout_seconds)
        if reply.status == 413 and len(batch.reviews) > 1:
            return [score for half in batch.halves() for score in self._scores(half, timeout_seconds)]
        return scores_of(reply, batch.first)

    def _send(self, call: Call, timeout_seconds: float | None) -> Reply:
        options = self._options
        exchange = Exchange(
            retries=options.retries,
            may_repeat=call.may_repeat,
            timeout_seconds=options.timeout_seconds if timeout_seconds is None else timeout_seconds,
        )
        while True:
            wait = self._try(call, exchange)
            if isinstance(wait, Reply):
                return wait
            time.sleep(wait)

    def _try(self, call: Call, exchange: Exchange) -> Reply | float:
        """Return the answer, or how long to wait before asking again."""
        left = exchange.begin()
        try:
            response = self._http.request(
                call.method, call.path, content=call.body, headers=call.headers(left), timeout=left
            )
        except httpx2.TimeoutException as error:
            exchange.give_up(error)
        except httpx2.RequestError as error:
            return exchange.wait_after_failure(error, was_sent=not isinstance(error, httpx2.ConnectError))
        reply = Reply(response.status_code, response.content, response.headers.get("Retry-After"))
        wait = exchange.wait_after(reply)
        return reply if wait is None else wait
