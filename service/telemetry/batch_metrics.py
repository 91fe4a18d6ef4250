"""Metrics of the queue, the lanes and their batches."""

from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import Counter, Gauge, Histogram

from service.outcomes import LaneState, ScoringFailure
from service.telemetry.metric import RATIOS, Metric, MetricGroup

__all__ = ["BatchMetrics"]

SPLIT_REASONS = (ScoringFailure.EXCEPTION, ScoringFailure.NOT_FINITE, ScoringFailure.OUT_OF_MEMORY)
BATCH_REVIEWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
BATCH_TOKENS = (32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0, 16384.0, 32768.0, 65536.0)


class BatchMetrics(MetricGroup):
    """What waits, and what runs."""

    _queue_tokens = Metric(
        Gauge,
        "queue_tokens",
        "Tokens of the reviews that wait; before a review is tokenized, the most that it may have.",
    )
    _queue_limit = Metric(Gauge, "queue_tokens_limit", "Tokens that may wait; more is refused as overloaded.")
    _lanes = Metric(
        Gauge, "lanes", "Threads that score batches, by what they do.", {"state": tuple(LaneState)}
    )
    _batch_reviews = Metric(
        Histogram, "batch_reviews", "Reviews in a batch that a lane took.", buckets=BATCH_REVIEWS
    )
    _batch_tokens = Metric(
        Histogram,
        "batch_tokens",
        "Tokens in a batch that a lane took, without padding.",
        buckets=BATCH_TOKENS,
    )
    _padding_ratio = Metric(
        Histogram,
        "batch_padding_ratio",
        "Share of what the network computes for a batch that is padding.",
        buckets=RATIOS,
    )
    _splits = Metric(
        Counter,
        "batch_splits_total",
        "Batches split into parts because they failed, by reason.",
        {"reason": SPLIT_REASONS},
    )
    _failures = Metric(
        Counter,
        "inference_failures_total",
        "Reviews without a prediction: the model raised on them even alone, gave a probability that is not "
        "finite, or found no memory; or the lane died.",
        {"reason": tuple(ScoringFailure)},
    )

    def watch_queue(self, num_tokens: Callable[[], int], *, max_tokens: int) -> None:
        """Show the length of the queue, asked for whenever the metrics are read."""
        self._queue_tokens.set_function(num_tokens)
        self._queue_limit.set(max_tokens)

    def watch_lanes(self, states: Callable[[], Mapping[LaneState, int]]) -> None:
        """Show how many lanes are in each state, asked for whenever the metrics are read."""
        for state in LaneState:
            self._lanes.labels(state).set_function(partial(_count, states, state))

    def batched(self, *, num_reviews: int, num_tokens: int, num_padded_tokens: int) -> None:
        """Record the size of a batch."""
        self._batch_reviews.observe(num_reviews)
        self._batch_tokens.observe(num_tokens)
        self._padding_ratio.observe(1 - num_tokens / num_padded_tokens)

    def split(self, reason: ScoringFailure) -> None:
        """Count a batch that is split because of a failure."""
        self._splits.labels(reason).inc()

    def failed(self, reason: ScoringFailure) -> None:
        """Count a review that has no prediction."""
        self._failures.labels(reason).inc()


def _count(states: Callable[[], Mapping[LaneState, int]], state: LaneState) -> int:
    return states()[state]
