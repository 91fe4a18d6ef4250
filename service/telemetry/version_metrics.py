"""Metrics of the versions that are loaded, and of a rollout."""

from collections.abc import Sequence
from itertools import product

from prometheus_client import Counter, Gauge, Histogram

from model_store import Manifest, ModelVersion
from sentiment import Prediction
from service.telemetry.metric import SECONDS, Metric
from service.telemetry.prediction_metrics import PredictionMetrics

__all__ = ["VersionMetrics"]

DIFFERENCES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class VersionMetrics(PredictionMetrics):
    """Which versions answer, and how a candidate compares."""

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

    def __init__(self) -> None:
        super().__init__()
        self._live: Manifest | None = None
        self._candidate: Manifest | None = None

    def loaded(self, version: ModelVersion) -> None:
        """Name the model that answers from now on, and begin its series."""
        manifest = version.manifest
        number = str(manifest.version)
        self._model_info.clear()
        self._model_info.labels(manifest.model, number, manifest.created_at, version.classifier.device).set(1)
        self._live = manifest
        self.begin_version(manifest)
        self._show_references()

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
        self.begin_version(version.manifest)
        self._show_references()
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

    def swapped(self, outcome: str) -> None:
        """Count a version that began to answer ("live"), or was "refused"."""
        self._swaps.labels(outcome).inc()

    def _show_references(self) -> None:
        self.show_references([each for each in (self._live, self._candidate) if each is not None])


def _shadow_outcome(live: str, candidate: str) -> str:
    return "agree" if live == candidate else f"live_{live}_candidate_{candidate}"
