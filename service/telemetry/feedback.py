"""What has become known of answers: a confusion matrix for each version."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from prometheus_client import Counter, Histogram

__all__ = ["Feedback", "FeedbackSeries"]

MAX_VERSIONS = 50
RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """An answer with the truth."""

    version: int
    label: str
    truth: str
    confidence: float


class FeedbackSeries:
    """The series of the versions that feedback came on: at most 50, since a store may have any number."""

    def __init__(self, answers: Counter, confidence: Histogram) -> None:
        """Take the metrics: of answers by model_version, label and truth, of confidence by outcome."""
        self._answers = answers
        self._confidence = confidence
        self._series: dict[int, _VersionSeries] = {}
        """Of each version, the one with the latest feedback at the end."""

    def begin(self, version: int, labels: Sequence[str]) -> None:
        """Begin the series of a version; those of the one that had no feedback for longest may end."""
        series = self._series.pop(version, None) or self._begun(version, labels)
        self._series[version] = series
        if len(self._series) > MAX_VERSIONS:
            self._end(next(iter(self._series)))

    def count(self, feedback: Feedback, labels: Sequence[str]) -> None:
        """Count an answer; `labels` are all that its version has."""
        self.begin(feedback.version, labels)
        series = self._series[feedback.version]
        series.answers[feedback.label, feedback.truth].inc()
        is_right = feedback.label == feedback.truth
        series.confidence[RIGHT if is_right else WRONG].observe(feedback.confidence)

    def _begun(self, version: int, labels: Sequence[str]) -> "_VersionSeries":
        number = str(version)
        return _VersionSeries(
            answers={pair: self._answers.labels(number, *pair) for pair in product(labels, labels)},
            confidence={outcome: self._confidence.labels(number, outcome) for outcome in (RIGHT, WRONG)},
        )

    def _end(self, version: int) -> None:
        series, number = self._series.pop(version), str(version)
        for pair in series.answers:
            self._answers.remove(number, *pair)
        for outcome in series.confidence:
            self._confidence.remove(number, outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class _VersionSeries:
    answers: dict[tuple[str, str], Counter]
    """By label and truth."""
    confidence: dict[str, Histogram]
    """By outcome."""
