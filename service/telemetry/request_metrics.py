"""Metrics of requests, connections and streams."""

import collections
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from prometheus_client import Counter, Gauge, Histogram

from service.errors import (
    BadRequest,
    BodyTooLarge,
    DeadlineExceeded,
    HeaderTooLarge,
    InferenceFailed,
    InvalidRequest,
    MalformedJson,
    NotFound,
    Rejection,
    RequestTimeout,
    TooManyConnections,
)
from service.telemetry.metric import SECONDS, Metric, MetricGroup

__all__ = ["UNMATCHED", "Endpoint", "RequestMetrics", "Stage", "method_label"]

Stage = Literal["read", "parse", "tokenize", "queue", "inference", "respond"]
"""The way of a request, in order."""
CANCEL_STAGES: tuple[Stage, ...] = ("read", "tokenize", "queue")  # the last lasts until the answer is there
REJECTIONS = sorted(kind.code for kind in Rejection.__subclasses__())
REFUSALS = [kind.code for kind in (BadRequest, HeaderTooLarge, RequestTimeout, TooManyConnections)]
STREAM_OUTCOMES = (
    "done",
    "client_left",
    "draining",
    RequestTimeout.code,
    "answers_not_taken",
    NotFound.code,
    "cut",
)
LINE_OUTCOMES = (
    "prediction",
    *(each.code for each in (MalformedJson, BodyTooLarge, InvalidRequest, InferenceFailed, DeadlineExceeded)),
)
UNMATCHED = "unmatched"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STAGE_SECONDS = (0.0001, 0.00025, 0.0005, *SECONDS)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route with a method, and the statuses that it is known to answer with."""

    route: str
    method: str
    statuses: tuple[int, ...]


class RequestMetrics(MetricGroup):
    """What comes in, and what becomes of it."""

    _requests = Metric(
        Counter,
        "http_requests_total",
        "Requests answered, by route, method and status; 499 is a client that left before the answer.",
        {"route": (), "method": (), "status": ()},
    )
    _request_seconds = Metric(
        Histogram,
        "http_request_duration_seconds",
        "Time from the head of a request to the end of its response.",
        {"route": (), "method": ()},
        buckets=SECONDS,
    )
    in_flight = Metric(Gauge, "http_requests_in_flight", "Requests that are being worked on.")
    connections = Metric(Gauge, "connections", "Connections that are open.")
    _cut = Metric(
        Counter,
        "connections_cut_total",
        "Connections that the service closed on their client, by reason: what came was not HTTP, a head was "
        "too large, a head or a body came too slowly, an answer was not taken in time, or there were too "
        "many (`made_room`: this one was idle longest).",
        {"reason": ("answer_not_taken", "made_room", *REFUSALS)},
    )
    _stage_seconds = Metric(
        Histogram,
        "stage_duration_seconds",
        "Time in one stage of a request that scores reviews; inference is observed once a batch, all others "
        "once a request.",
        {"stage": get_args(Stage)},
        buckets=STAGE_SECONDS,
    )
    _rejected = Metric(
        Counter,
        "requests_rejected_total",
        "Requests refused before any compute, by error code: all of them to routes that score "
        "reviews, and those to other routes that have no API key or too large a head.",
        {"reason": REJECTIONS},
    )
    _cancelled = Metric(
        Counter,
        "requests_cancelled_total",
        "Requests that score reviews and were given up, by stage: the client left, its deadline passed "
        "(status 504), or the time to drain was over.",
        {"stage": CANCEL_STAGES},
    )
    streams = Metric(Gauge, "streams", "Streams (POST /predict/stream) that are open.")
    _streams_ended = Metric(
        Counter,
        "streams_ended_total",
        "Streams that have ended, by how: all lines were answered (`done`), the client left, the service "
        "drained, the client sent no line or took no answer for too long, the version that it asked for went "
        "out of service, or the time to drain was over (`cut`).",
        {"outcome": STREAM_OUTCOMES},
    )
    _stream_lines = Metric(
        Counter,
        "stream_lines_total",
        "Lines of streams that were answered, by what with: a prediction, or an error's code.",
        {"outcome": LINE_OUTCOMES},
    )

    def __init__(self) -> None:
        super().__init__()
        # Finding a series by its labels takes as long as changing it.
        self._requests_of = cache(self._requests.labels)
        self._request_seconds_of = cache(self._request_seconds.labels)
        self._stage_seconds_of = cache(self._stage_seconds.labels)

    def expect(self, endpoints: Iterable[Endpoint]) -> None:
        """Begin the series of the routes."""
        for endpoint in (*endpoints, Endpoint(UNMATCHED, "GET", (404,))):
            self._request_seconds.labels(endpoint.route, endpoint.method)
            for status in endpoint.statuses:
                self._requests.labels(endpoint.route, endpoint.method, str(status))

    def answered(self, route: str, method: str, status: int, duration_seconds: float) -> None:
        """Count a request by the route that `RouteTable` found and the method that `method_label` gave."""
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

    def rejected(self, code: str) -> None:
        """Count a request refused with this error code."""
        self._rejected.labels(code).inc()

    def cut(self, reason: str) -> None:
        """Count a connection that is closed on its client: by an error code, or one of two other reasons."""
        self._cut.labels(reason).inc()

    def cancelled(self, stage: Stage) -> None:
        """Count a request whose client left."""
        self._cancelled.labels(stage).inc()

    def streamed(self, outcome: str) -> None:
        """Count a stream that has ended."""
        self._streams_ended.labels(outcome).inc()

    def lines_answered(self, outcomes: Sequence[str]) -> None:
        """Count lines of a stream by what they were answered with."""
        for outcome, count in collections.Counter(outcomes).items():
            self._stream_lines.labels(outcome).inc(count)


def method_label(method: str) -> str:
    """Return the method, or "other" for one that is not among the usual."""
    return method if method in METHODS else "other"
