"""Metrics of what the models say, of what is known to be true, and of drift."""

from collections.abc import Sequence
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from model_store import Manifest
from sentiment import Prediction
from sentiment.explanation import Explanation
from service.telemetry.feedback import Feedback, FeedbackSeries
from service.telemetry.metric import RATIOS, SECONDS, Metric, MetricGroup
from service.telemetry.profile import Profile, reference_ratios

__all__ = ["PredictionMetrics"]

CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
REVIEW_TOKENS = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0)


class PredictionMetrics(MetricGroup):
    """What clients are answered."""

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
    _captured = Metric(
        Counter,
        "captured_reviews_total",
        "Reviews that were to be kept for training: `written`, `dropped` since the disk is too slow, or "
        "`failed` since it is full or broken.",
        {"outcome": ("dropped", "failed", "written")},
    )

    def __init__(self) -> None:
        super().__init__()
        # Finding a series by its labels takes as long as changing it.
        self._predictions_of = cache(self._predictions.labels)
        self._profiles: dict[int, Profile] = {}
        self._answered = FeedbackSeries(self._feedback, self._feedback_confidence)

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

    def explained(self, explanations: Sequence[Explanation], *, duration_seconds: float) -> None:
        """Record what a request was answered with."""
        self._explain_seconds.observe(duration_seconds)
        for explanation in explanations:
            self._explanations.labels("complete" if explanation.complete else "partial").inc()

    def explain_forwards(self, num_inputs: int) -> None:
        """Count inputs that were scored for an explanation."""
        self._explain_forwards.inc(num_inputs)

    def captured(self, outcome: str, num_reviews: int) -> None:
        """Count reviews that were to be kept: "written", "dropped" or "failed"."""
        self._captured.labels(outcome).inc(num_reviews)

    def publish_profiles(self) -> None:
        """Bring the counters of all profiles up to date."""
        for profile in self._profiles.values():
            profile.publish()

    def begin_version(self, manifest: Manifest) -> None:
        """Begin the series of a version that may answer from now on."""
        for label in manifest.labels:
            self._predictions.labels(str(manifest.version), label)
        if manifest.version not in self._profiles:
            profile = Profile(manifest, self._profile_reviews, self._confidence)
            self._profiles[manifest.version] = profile
            self._answered.begin(manifest.version, manifest.labels)

    def show_references(self, manifests: Sequence[Manifest]) -> None:
        """Show what to compare the traffic with: of the versions that answer, and no others."""
        self._reference_ratio.clear()
        self._validation_accuracy.clear()
        for manifest in manifests:
            number = str(manifest.version)
            for (quantity, edge), ratio in reference_ratios(manifest).items():
                self._reference_ratio.labels(number, quantity, edge).set(ratio)
            if validation := manifest.evaluation.get("validation"):
                self._validation_accuracy.labels(number).set(validation.accuracy)
