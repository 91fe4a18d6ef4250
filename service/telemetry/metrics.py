"""Prometheus metrics, as data: each is declared once, and `docs/metrics.md` is made from the declarations.

No label holds what a client sent: unknown paths count as one route, unknown methods as one method. Every
series that can be known beforehand exists from the start, so that rates and alerts work from the first event.
"""

import collections
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from itertools import product
from typing import Any, Literal, get_args

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from model_store import Manifest, ModelVersion
from sentiment import Prediction
from sentiment.explanation import Explanation
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
from service.outcomes import LaneState, ScoringFailure
from service.telemetry.feedback import Feedback, FeedbackSeries
from service.telemetry.metric import Metric
from service.telemetry.profile import Profile, reference_ratios

__all__ = ["METRICS", "Endpoint", "Metrics", "Stage"]

Stage = Literal["read", "parse", "tokenize", "queue", "inference", "respond"]
"""The way of a request, in order."""

CANCEL_STAGES: tuple[Stage, ...] = ("read", "tokenize", "queue")  # the last lasts until the answer is there
SPLIT_REASONS = (ScoringFailure.EXCEPTION, ScoringFailure.NOT_FINITE, ScoringFailure.OUT_OF_MEMORY)
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
VERSION = metadata.version("sentiment-service")
UNMATCHED = "unmatched"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Stages run from microseconds, so they need a finer start than whole requests.
STAGE_SECONDS = (0.0001, 0.00025, 0.0005, *SECONDS)
RATIOS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
DIFFERENCES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
REVIEW_TOKENS = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0)
BATCH_REVIEWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
BATCH_TOKENS = (32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0, 16384.0, 32768.0, 65536.0)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route with a method, and the statuses that it is known to answer with."""

    route: str
    method: str
    statuses: tuple[int, ...]


class Metrics:
    """The metrics of one service, in a registry of its own. Safe to use from any thread."""

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
    _failures = Metric(
        Counter,
        "inference_failures_total",
        "Reviews without a prediction: the model raised on them even alone, gave a probability that is not "
        "finite, or found no memory; or the lane died.",
        {"reason": tuple(ScoringFailure)},
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
    _predictions = Metric(
        Counter,
        "predictions_total",
        "Reviews scored, by version of the model and label; a model's series begin when it is ready.",
        {"model_version": (), "label": ()},
    )
    _confidence = Metric(
        Histogram,
        "prediction_confidence",
        "Probability of the label that was given, by version of the model. Its mean estimates the accuracy. "
        "Answers of a version that a client asked for by name do not count.",
        {"model_version": ()},
        buckets=CONFIDENCES,
    )
    _profile_reviews = Metric(
        Counter,
        "profile_reviews_total",
        "Reviews by version of the model, and by the bin of their score (the probability of the last label), "
        "length in tokens, and share of unknown words. A bin's label is its lower edge; the bins are those "
        "of the version's manifest. Answers of a version that a client asked for by name do not count.",
        {"model_version": (), "quantity": (), "bin": ()},
    )
    _reference_ratio = Metric(
        Gauge,
        "reference_ratio",
        "Share of the validation reviews of a loaded version in each of these bins.",
        {"model_version": (), "quantity": (), "bin": ()},
    )
    _validation_accuracy = Metric(
        Gauge,
        "validation_accuracy_ratio",
        "Accuracy of a loaded version on its validation reviews, as its manifest says.",
        {"model_version": ()},
    )
    _review_tokens = Metric(
        Histogram, "review_tokens", "Tokens in a review before truncation.", buckets=REVIEW_TOKENS
    )
    _truncated = Metric(Counter, "reviews_truncated_total", "Reviews scored of which a part was cut off.")
    _unknown_ratio = Metric(
        Histogram,
        "unknown_token_ratio",
        "Share of a review's tokens that the vocabulary lacks.",
        buckets=RATIOS,
    )
    _feedback = Metric(
        Counter,
        "feedback_total",
        "Answers that came back by POST /feedback, by version of the model, label that was given, and truth. "
        "The series of at most 50 versions are kept, those with the latest feedback.",
        {"model_version": (), "label": (), "truth": ()},
    )
    _feedback_confidence = Metric(
        Histogram,
        "feedback_confidence",
        "Confidence of these answers, by whether they were right.",
        {"model_version": (), "outcome": ()},
        buckets=CONFIDENCES,
    )
    _explanations = Metric(
        Counter,
        "explanations_total",
        "Reviews explained: wholly, or in part since the budget, the time or the room in the queue ended.",
        {"outcome": ("complete", "partial")},
    )
    _explain_seconds = Metric(
        Histogram,
        "explain_duration_seconds",
        "Time of a request to POST /explain from its whole body to its answer.",
        buckets=SECONDS,
    )
    _explain_forwards = Metric(
        Counter, "explain_forwards_total", "Inputs that the model scored to explain reviews."
    )
    _model_info = Metric(
        Gauge,
        "model_info",
        "1 for the model that answers; there is none before it is ready.",
        {"model": (), "model_version": (), "created_at": (), "device": ()},
    )
    _swaps = Metric(
        Counter,
        "model_swaps_total",
        "Versions that began to answer, and looks at the store that ended in a refusal.",
        {"outcome": ("live", "refused")},
    )
    model_behind = Metric(
        Gauge,
        "model_behind",
        "1 while another version answers than the one that the store names, since that one was refused.",
    )
    _rollout_ratio = Metric(
        Gauge,
        "rollout_ratio",
        "Share of the requests that the loaded candidate answers (canary) or is compared on (shadow); none "
        "without a candidate.",
        {"candidate": (), "kind": ()},
    )
    _shadow_reviews = Metric(
        Counter,
        "shadow_reviews_total",
        "Reviews that a candidate has scored beside the live version: `agree`, or which label each gave.",
        {"candidate": (), "outcome": ()},
    )
    _shadow_difference = Metric(
        Histogram,
        "shadow_score_difference",
        "How far the candidate's probability of the live version's label lies from the live version's.",
        {"candidate": ()},
        buckets=DIFFERENCES,
    )
    _shadow_seconds = Metric(
        Histogram,
        "shadow_duration_seconds",
        "Time of a candidate for a request in the background, its wait for an idle lane included.",
        {"candidate": ()},
        buckets=SECONDS,
    )
    _shadow_dropped = Metric(
        Counter,
        "shadow_dropped_total",
        "Reviews that a candidate was to score beside the live version and did not: too late, no room among "
        "those that wait, or the candidate failed on them.",
        {"reason": ("failed", "full", "late")},
    )
    _captured = Metric(
        Counter,
        "captured_reviews_total",
        "Reviews that were to be kept for training: `written`, `dropped` since the disk is too slow, or "
        "`failed` since it is full or broken.",
        {"outcome": ("dropped", "failed", "written")},
    )
    ready = Metric(Gauge, "ready", "1 while new requests are taken, else 0.")
    _build_info = Metric(
        Gauge,
        "build_info",
        "1, with versions of the software.",
        {"version": (), "python_version": ()},
    )

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.registry = CollectorRegistry()
        # A second series for each counter and histogram, with the time of its making, says nothing here.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations
        for metric in METRICS:
            metric.__get__(self, Metrics)
        # Finding a series by its labels takes as long as changing it.
        self._requests_of = cache(self._requests.labels)
        self._request_seconds_of = cache(self._request_seconds.labels)
        self._stage_seconds_of = cache(self._stage_seconds.labels)
        self._predictions_of = cache(self._predictions.labels)
        self._profiles: dict[int, Profile] = {}
        self._answered = FeedbackSeries(self._feedback, self._feedback_confidence)
        self._live: Manifest | None = None
        self._candidate: Manifest | None = None
        self._build_info.labels(VERSION, platform.python_version()).set(1)
        for endpoint in (*endpoints, Endpoint(UNMATCHED, "GET", (404,))):
            self._request_seconds.labels(endpoint.route, endpoint.method)
            for status in endpoint.statuses:
                self._requests.labels(endpoint.route, endpoint.method, str(status))
        prometheus_client.ProcessCollector(registry=self.registry)
        prometheus_client.PlatformCollector(registry=self.registry)

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        for profile in self._profiles.values():
            profile.publish()
        return prometheus_client.generate_latest(self.registry)

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

    def explained(self, explanations: Sequence[Explanation], *, duration_seconds: float) -> None:
        """Record what a request was answered with."""
        self._explain_seconds.observe(duration_seconds)
        for explanation in explanations:
            self._explanations.labels("complete" if explanation.complete else "partial").inc()

    def explain_forwards(self, num_inputs: int) -> None:
        """Count inputs that were scored for an explanation."""
        self._explain_forwards.inc(num_inputs)

    def rejected(self, code: str) -> None:
        """Count a request refused with this error code."""
        self._rejected.labels(code).inc()

    def cut(self, reason: str) -> None:
        """Count a connection that is closed on its client: by an error code, or one of two other reasons."""
        self._cut.labels(reason).inc()

    def cancelled(self, stage: Stage) -> None:
        """Count a request whose client left."""
        self._cancelled.labels(stage).inc()

    def failed(self, reason: ScoringFailure) -> None:
        """Count a review that has no prediction."""
        self._failures.labels(reason).inc()

    def streamed(self, outcome: str) -> None:
        """Count a stream that has ended."""
        self._streams_ended.labels(outcome).inc()

    def lines_answered(self, outcomes: Sequence[str]) -> None:
        """Count lines of a stream by what they were answered with."""
        for outcome, count in collections.Counter(outcomes).items():
            self._stream_lines.labels(outcome).inc(count)

    def loaded(self, version: ModelVersion) -> None:
        """Name the model that answers from now on, and begin its series."""
        manifest = version.manifest
        number = str(manifest.version)
        self._model_info.clear()
        self._model_info.labels(manifest.model, number, manifest.created_at, version.classifier.device).set(1)
        self._live = manifest
        self._begin(manifest)

    def rollout(self, version: ModelVersion | None, *, canary: float = 0.0, shadow: float = 0.0) -> None:
        """Show a loaded candidate and its shares, and begin its series; or that there is none."""
        self._rollout_ratio.clear()
        self._candidate = None if version is None else version.manifest
        if version is None:
            self._show_references()
            return
        number, labels = str(version.manifest.version), version.manifest.labels
        self._rollout_ratio.labels(number, "canary").set(canary)
        self._rollout_ratio.labels(number, "shadow").set(shadow)
        self._begin(version.manifest)
        self._shadow_difference.labels(number)
        self._shadow_seconds.labels(number)
        for live, other in product(labels, labels):
            self._shadow_reviews.labels(number, _shadow_outcome(live, other))

    def shadowed(
        self,
        candidate: int,
        live: Sequence[Prediction],
        found: Sequence[Prediction],
        *,
        duration_seconds: float,
    ) -> None:
        """Record what a candidate says of reviews in place of the live version."""
        number = str(candidate)
        self._shadow_seconds.labels(number).observe(duration_seconds)
        for ours, theirs in zip(live, found, strict=True):
            self._shadow_reviews.labels(number, _shadow_outcome(ours.label, theirs.label)).inc()
            difference = abs(theirs.probabilities[ours.label] - ours.confidence)
            self._shadow_difference.labels(number).observe(difference)

    def shadow_dropped(self, reason: str, num_reviews: int) -> None:
        """Count reviews that a candidate was to score and did not."""
        self._shadow_dropped.labels(reason).inc(num_reviews)

    def captured(self, outcome: str, num_reviews: int) -> None:
        """Count reviews that were to be kept: "written", "dropped" or "failed"."""
        self._captured.labels(outcome).inc(num_reviews)

    def swapped(self, outcome: str) -> None:
        """Count a version that began to answer ("live"), or was "refused"."""
        self._swaps.labels(outcome).inc()

    def predicted(self, version: int, predictions: Sequence[Prediction], *, by_name: bool = False) -> None:
        """Record what a request was answered with.

        One that asks for a version by name is a trial by someone, and says nothing of the traffic.
        """
        number = str(version)
        for prediction in predictions:
            self._predictions_of(number, prediction.label).inc()
            self._review_tokens.observe(prediction.tokens)
            self._unknown_ratio.observe(prediction.unknown_ratio)
            if prediction.truncated:
                self._truncated.inc()
        if not by_name and version in self._profiles:
            self._profiles[version].count(predictions)

    def came_back(self, feedback: Feedback, labels: Sequence[str]) -> None:
        """Count an answer whose truth is known by now; `labels` are all that its version has."""
        self._answered.count(feedback, labels)

    def _begin(self, manifest: Manifest) -> None:
        """Begin the series of a version that may answer from now on."""
        for label in manifest.labels:
            self._predictions.labels(str(manifest.version), label)
        if manifest.version not in self._profiles:
            profile = Profile(manifest, self._profile_reviews, self._confidence)
            self._profiles[manifest.version] = profile
            self._answered.begin(manifest.version, manifest.labels)
        self._show_references()

    def _show_references(self) -> None:
        """Show what to compare the traffic with: of the versions that answer, and no others."""
        self._reference_ratio.clear()
        self._validation_accuracy.clear()
        for manifest in filter(None, (self._live, self._candidate)):
            number = str(manifest.version)
            for (quantity, edge), ratio in reference_ratios(manifest).items():
                self._reference_ratio.labels(number, quantity, edge).set(ratio)
            if validation := manifest.evaluation.get("validation"):
                self._validation_accuracy.labels(number).set(validation.accuracy)


METRICS: tuple[Metric[Any], ...] = tuple(each for each in vars(Metrics).values() if isinstance(each, Metric))
"""All declarations, in the order of the documentation."""


def method_label(method: str) -> str:
    """Return the method, or "other" for one that is not among the usual."""
    return method if method in METHODS else "other"


def _shadow_outcome(live: str, candidate: str) -> str:
    return "agree" if live == candidate else f"live_{live}_candidate_{candidate}"


def _count(states: Callable[[], Mapping[LaneState, int]], state: LaneState) -> int:
    return states()[state]
