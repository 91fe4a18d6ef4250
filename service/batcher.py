"""Grouping the reviews of many requests into batches, and running them in a thread of their own.

There is no timer: a free lane takes at once what is waiting, so a lone request waits for nobody, and batches
grow by themselves while the lanes are busy.
"""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Sequence

from sentiment import Classifier, Prediction, TokenizedReview, set_num_threads
from service.backlog import Backlog, BacklogClosed, Item, Job
from service.errors import Draining, InferenceFailed
from service.logs import log_event
from service.metrics import Metrics

__all__ = ["Batcher"]


class Batcher:
    """Scores tokenized reviews for any number of requests at once. Make it and use it on one event loop.

    A failing batch is run again review by review, so that a review fails alone.
    """

    def __init__(
        self,
        classifier: Classifier,
        metrics: Metrics,
        *,
        max_batch_tokens: int,
        threads: int,
        num_lanes: int = 1,
    ) -> None:
        self._classifier = classifier
        self._metrics = metrics
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(max_batch_tokens=max_batch_tokens)
        metrics.queue_tokens.set_function(lambda: self._backlog.num_tokens)
        self._lanes = [
            threading.Thread(target=self._run_lane, name=f"lane-{number}", daemon=True)
            for number in range(num_lanes)
        ]
        for lane in self._lanes:
            lane.start()

    async def score(self, reviews: Sequence[TokenizedReview]) -> list[Prediction]:
        """Return a prediction for each review, in order; `reviews` must not be empty.

        Raises InferenceFailed when the model fails on any of them, and Draining after `close`. When it is
        cancelled, reviews that no batch has taken yet cost nothing more.
        """
        job = Job(reviews=reviews, future=self._loop.create_future())
        try:
            self._backlog.put(job)
        except BacklogClosed:
            raise Draining from None
        try:
            outcomes = await job.future
        finally:
            self._backlog.discard(job)
        if failed := [place for place, outcome in enumerate(outcomes) if outcome is None]:
            raise InferenceFailed(failed)
        return [outcome for outcome in outcomes if outcome is not None]

    async def close(self) -> None:
        """Take nothing more, answer everything that was taken, and end the lanes."""
        self._backlog.close()
        for lane in self._lanes:
            await asyncio.to_thread(lane.join)

    def _run_lane(self) -> None:
        # Torch keeps this number for each thread by itself.
        set_num_threads(self._threads)
        while batch := self._backlog.take():
            outcomes = self._score_batch(batch)
            self._loop.call_soon_threadsafe(_settle, batch, outcomes)

    def _score_batch(self, batch: Sequence[Item]) -> list[Prediction | None]:
        for item in batch:
            if item.place == 0:
                self._metrics.staged("queue", time.perf_counter() - item.job.submitted_at)
        self._metrics.batched(num_reviews=len(batch), num_tokens=sum(item.num_tokens for item in batch))
        with self._metrics.stage("inference"):
            predictions = self._try([item.review for item in batch])
            if predictions is None:
                predictions = [self._score_alone(item.review) for item in batch]
        return [self._checked(prediction) for prediction in predictions]

    def _score_alone(self, review: TokenizedReview) -> Prediction | None:
        predictions = self._try([review])
        if predictions is None:
            self._metrics.failed("exception")
            return None
        return predictions[0]

    def _try(self, reviews: Sequence[TokenizedReview]) -> Sequence[Prediction | None] | None:
        try:
            return self._classifier.score(reviews)
        except Exception as error:
            log_event("batch_failed", level=logging.ERROR, error=error, num_reviews=len(reviews))
            return None

    def _checked(self, prediction: Prediction | None) -> Prediction | None:
        if prediction is None or all(map(math.isfinite, prediction.probabilities.values())):
            return prediction
        self._metrics.failed("not_finite")
        log_event("not_finite", level=logging.ERROR, tokens=prediction.tokens)
        return None


def _settle(batch: Sequence[Item], outcomes: Sequence[Prediction | None]) -> None:
    """Hand out the outcomes; runs on the event loop, which alone owns this side of a job."""
    for item, outcome in zip(batch, outcomes, strict=True):
        job = item.job
        job.outcomes[item.place] = outcome
        job.num_open -= 1
        if job.num_open == 0 and not job.future.done():
            job.future.set_result(job.outcomes)
