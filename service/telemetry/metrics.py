"""Prometheus metrics, as data: `docs/metrics.md` and the metrics themselves both come from `METRICS`.

No label holds what a client sent: unknown paths count as one route, unknown methods as one method. Every
series that can be known beforehand exists from the start, so that rates and alerts work from the first event.
"""

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from typing import Literal, get_args

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from model_store import ModelVersion
from sentiment import Prediction
from service.outcomes import LaneState, ScoringFailure

__all__ = ["METRICS", "Cut", "Endpoint", "Metric", "Metrics", "Stage"]

Stage = Literal["read", "parse", "tokenize", "queue", "inference", "respond"]
"""The way of a request, in order."""

STAGES: tuple[Stage, ...] = ("read", "parse", "tokenize", "queue", "inference", "respond")
CANCEL_STAGES: tuple[Stage, ...] = ("read", "tokenize", "queue")  # the last until the answer is there
REASONS = (
    "body_too_large",
    "draining",
    "header_too_large",
    "invalid_request",
    "malformed_json",
    "not_ready",
    "overloaded",
    "unauthorized",
    "unsupported_media_type",
)
Cut = Literal[
    "answer_not_taken",
    "bad_request",
    "header_too_large",
    "made_room",
    "request_timeout",
    "too_many_connections",
]
"""Why a connection was closed on its client."""
SPLIT_REASONS = (ScoringFailure.EXCEPTION, ScoringFailure.NOT_FINITE, ScoringFailure.OUT_OF_MEMORY)
UNMATCHED = "unmatched"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Stages run from microseconds, so they need a finer start than whole requests.
STAGE_SECONDS = (0.0001, 0.00025, 0.0005, *SECONDS)
RATIOS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
REVIEW_TOKENS = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0)
BATCH_REVIEWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
BATCH_TOKENS = (32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0, 16384.0, 32768.0, 65536.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is declared and documented."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS = (
    Metric(
        "sentiment_http_requests_total",
        "counter",
        "Requests answered, by route, method and status; 499 is a client that left before the answer.",
        ("route", "method", "status"),
    ),
    Metric(
        "sentiment_http_request_duration_seconds",
        "histogram",
        "Time from the head of a request to the end of its response.",
        ("route", "method"),
        SECONDS,
    ),
    Metric("sentiment_http_requests_in_flight", "gauge", "Requests that are being worked on."),
    Metric("sentiment_connections", "gauge", "Connections that are open."),
    Metric(
        "sentiment_connections_cut_total",
        "counter",
        "Connections that the service closed on their client, by why: what came was no HTTP, a head was too "
        "large, a head or a body came too slowly, an answer was not taken in time, or there were too many "
        "(`made_room`: this one was idle longest).",
        ("reason",),
    ),
    Metric(
        "sentiment_stage_duration_seconds",
        "histogram",
        "Time in one stage of POST /predict; inference is observed once a batch, all others once a request.",
        ("stage",),
        STAGE_SECONDS,
    ),
    Metric(
        "sentiment_queue_tokens",
        "gauge",
        "Tokens of the reviews that wait; before a review is tokenized, the most that it may have.",
    ),
    Metric("sentiment_queue_tokens_limit", "gauge", "Tokens that may wait; more is refused as overloaded."),
    Metric("sentiment_lanes", "gauge", "Threads that score batches, by what they do.", ("state",)),
    Metric("sentiment_batch_reviews", "histogram", "Reviews in a batch that a lane took.", (), BATCH_REVIEWS),
    Metric(
        "sentiment_batch_tokens",
        "histogram",
        "Tokens in a batch that a lane took, without padding.",
        (),
        BATCH_TOKENS,
    ),
    Metric(
        "sentiment_batch_padding_ratio",
        "histogram",
        "Share of what the network computes for a batch that is padding.",
        (),
        RATIOS,
    ),
    Metric(
        "sentiment_batch_splits_total",
        "counter",
        "Batches cut into parts because they failed, by why.",
        ("reason",),
    ),
    Metric(
        "sentiment_requests_rejected_total",
        "counter",
        "Requests refused before any compute, by error code: all of them to POST /predict, and those to "
        "other routes that have no API key or too large a head.",
        ("reason",),
    ),
    Metric(
        "sentiment_requests_cancelled_total",
        "counter",
        "Requests to POST /predict given up, by stage: the client left, its deadline passed (status 504), or "
        "the time to drain was over.",
        ("stage",),
    ),
    Metric(
        "sentiment_inference_failures_total",
        "counter",
        "Reviews without a prediction: the model raised on them even alone, gave a probability that is not "
        "finite, or found no memory; or the lane died.",
        ("reason",),
    ),
    Metric(
        "sentiment_predictions_total",
        "counter",
        "Reviews scored, by version of the model and label; a model's series begin when it is ready.",
        ("model_version", "label"),
    ),
    Metric(
        "sentiment_prediction_confidence",
        "histogram",
        "Probability of the label that was given.",
        (),
        CONFIDENCES,
    ),
    Metric(
        "sentiment_review_tokens", "histogram", "Tokens in a review before truncation.", (), REVIEW_TOKENS
    ),
    Metric("sentiment_reviews_truncated_total", "counter", "Reviews scored of which a part was cut off."),
    Metric(
        "sentiment_unknown_token_ratio",
        "histogram",
        "Share of a review's tokens that the vocabulary lacks.",
        (),
        RATIOS,
    ),
    Metric(
        "sentiment_model_info",
        "gauge",
        "1 for the model that answers; there is none before it is ready.",
        ("model", "model_version", "created_at", "device"),
    ),
    Metric("sentiment_ready", "gauge", "1 while new requests are taken, else 0."),
    Metric(
        "sentiment_build_info",
        "gauge",
        "1, with versions of the software.",
        ("version", "python_version"),
    ),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route with a method, and the statuses that it is known to answer with."""

    route: str
    method: str
    statuses: tuple[int, ...]


class Metrics:
    """The metrics of one service, in a registry of its own. Safe to use from any thread."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.registry = CollectorRegistry()
        declared = {metric.name.removeprefix("sentiment_"): metric for metric in METRICS}
        counters = {n: _counter(m, self.registry) for n, m in declared.items() if m.kind == "counter"}
        gauges = {n: _gauge(m, self.registry) for n, m in declared.items() if m.kind == "gauge"}
        histograms = {n: _histogram(m, self.registry) for n, m in declared.items() if m.kind == "histogram"}
        self._requests = counters["http_requests_total"]
        self._request_seconds = histograms["http_request_duration_seconds"]
        self.in_flight = gauges["http_requests_in_flight"]
        self.connections = gauges["connections"]
        self._cut = counters["connections_cut_total"]
        self._stage_seconds = histograms["stage_duration_seconds"]
        self._queue_tokens = gauges["queue_tokens"]
        self._queue_limit = gauges["queue_tokens_limit"]
        self._lanes = gauges["lanes"]
        self._batch_reviews = histograms["batch_reviews"]
        self._batch_tokens = histograms["batch_tokens"]
        self._padding_ratio = histograms["batch_padding_ratio"]
        self._splits = counters["batch_splits_total"]
        self._rejected = counters["requests_rejected_total"]
        self._cancelled = counters["requests_cancelled_total"]
        self._failures = counters["inference_failures_total"]
        self._predictions = counters["predictions_total"]
        self._confidence = histograms["prediction_confidence"]
        self._review_tokens = histograms["review_tokens"]
        self._truncated = counters["reviews_truncated_total"]
        self._unknown_ratio = histograms["unknown_token_ratio"]
        self._model_info = gauges["model_info"]
        self.ready = gauges["ready"]
        # Finding a series by its labels takes as long as changing it.
        self._requests_of = cache(self._requests.labels)
        self._request_seconds_of = cache(self._request_seconds.labels)
        self._stage_seconds_of = cache(self._stage_seconds.labels)
        self._predictions_of = cache(self._predictions.labels)
        self._start(endpoints, gauges["build_info"])

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return prometheus_client.generate_latest(self.registry)

    def answered(self, route: str, method: str, status: int, duration_seconds: float) -> None:
        """Count a request by the route and method that `route_label` and `method_label` gave."""
        self._requests_of(route, method, str(status)).inc()
        self._request_seconds_of(route, method).observe(duration_seconds)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Time a stage, whether it ends well or not."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.staged(stage, time.perf_counter() - start)

    def staged(self, stage: Stage, duration_seconds: float) -> None:
        """Record the time of a stage that was measured elsewhere."""
        self._stage_seconds_of(stage).observe(duration_seconds)

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
        """Count a batch that is cut because of a failure."""
        self._splits.labels(reason).inc()

    def rejected(self, reason: str) -> None:
        """Count a request refused with this error code."""
        self._rejected.labels(reason).inc()

    def cut(self, reason: Cut) -> None:
        """Count a connection that is closed on its client."""
        self._cut.labels(reason).inc()

    def cancelled(self, stage: Stage) -> None:
        """Count a request whose client left."""
        self._cancelled.labels(stage).inc()

    def failed(self, reason: ScoringFailure) -> None:
        """Count a review that has no prediction."""
        self._failures.labels(reason).inc()

    def loaded(self, version: ModelVersion) -> None:
        """Name the model that answers from now on, and begin its series."""
        manifest = version.manifest
        number = str(manifest.version)
        self._model_info.clear()
        self._model_info.labels(manifest.model, number, manifest.created_at, version.classifier.device).set(1)
        for label in manifest.labels:
            self._predictions.labels(number, label)

    def predicted(self, version: int, predictions: Sequence[Prediction]) -> None:
        """Record what a request was answered with."""
        for prediction in predictions:
            self._predictions_of(str(version), prediction.label).inc()
            self._confidence.observe(prediction.confidence)
            self._review_tokens.observe(prediction.tokens)
            self._unknown_ratio.observe(prediction.unknown_ratio)
            if prediction.truncated:
                self._truncated.inc()

    def _start(self, endpoints: Iterable[Endpoint], build_info: Gauge) -> None:
        for endpoint in (*endpoints, Endpoint(UNMATCHED, "GET", (404,))):
            self._request_seconds.labels(endpoint.route, endpoint.method)
            for status in endpoint.statuses:
                self._requests.labels(endpoint.route, endpoint.method, str(status))
        for stage in STAGES:
            self._stage_seconds.labels(stage)
        for stage in CANCEL_STAGES:
            self._cancelled.labels(stage)
        for reason in REASONS:
            self._rejected.labels(reason)
        for cut in get_args(Cut):
            self._cut.labels(cut)
        for failure in ScoringFailure:
            self._failures.labels(failure)
        for failure in SPLIT_REASONS:
            self._splits.labels(failure)
        for state in LaneState:
            self._lanes.labels(state)
        build_info.labels(metadata.version("sentiment-service"), platform.python_version()).set(1)
        # A second series for each counter and histogram, with the time of its making, says nothing here.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations
        prometheus_client.ProcessCollector(registry=self.registry)
        prometheus_client.PlatformCollector(registry=self.registry)


def method_label(method: str) -> str:
    """Return the method, or "other" for one that is not among the usual."""
    return method if method in METHODS else "other"


def _count(states: Callable[[], Mapping[LaneState, int]], state: LaneState) -> int:
    return states()[state]


def _counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def _gauge(metric: Metric, registry: CollectorRegistry) -> Gauge:
    return Gauge(metric.name, metric.help, metric.labels, registry=registry)


def _histogram(metric: Metric, registry: CollectorRegistry) -> Histogram:
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
