"""How good predictions are: the figures that a version carries and that `evaluate` prints.

Shapes: N reviews, L labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score, roc_auc_score

from model_store import FIGURES, Evaluation, defined_figures
from sentiment import Prediction

__all__ = ["NUM_BINS", "calibration_error", "evaluate", "evaluate_sources", "probabilities_of", "summary"]

NUM_BINS = 15
"""Bins of equal width in the expected calibration error, as in Guo et al. 2017 (arXiv:1706.04599)."""

_MIN_PROBABILITY = 1e-300
"""The logarithm of zero is infinite."""


def probabilities_of(predictions: Sequence[Prediction]) -> NDArray[np.float64]:
    """Return the probabilities [N, L] of predictions, labels in the model's order."""
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


def evaluate(
    probabilities: NDArray[np.float64], labels: Sequence[int], names: Sequence[str] = ()
) -> Evaluation:
    """Return the figures for probabilities [N, L] and true classes [N]; F1 is the mean over labels.

    `names` are those of the L labels: where all are numbers, the figures say how far off predictions are.
    """
    answers = _Answers(probabilities, np.asarray(labels), names)
    classes = range(answers.num_labels)
    figures: dict[str, Any] = {name: _COMPUTED[name](answers) for name in FIGURES}
    return Evaluation(
        num_reviews=len(answers.truth),
        confusion=tuple(
            map(tuple, confusion_matrix(answers.truth, answers.predicted, labels=classes).tolist())
        ),
        **figures,
    )


def evaluate_sources(
    probabilities: NDArray[np.float64],
    labels: Sequence[int],
    names: Sequence[str],
    sources: Mapping[str, Sequence[int]],
) -> dict[str, Evaluation]:
    """Return the figures for each source alone; `sources` has the indices of its reviews, 0 to N - 1."""
    truth = np.asarray(labels)
    return {
        source: evaluate(probabilities[list(indices)], truth[list(indices)].tolist(), names)
        for source, indices in sources.items()
    }


def calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the expected calibration error, 0 to 1: the mean distance between confidence and accuracy."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=NUM_BINS)
    return float(np.abs(gaps).sum() / len(truth))


def summary(evaluation: Evaluation) -> str:
    """Return the figures as one line for people."""
    shown = [f"{figure.title} {figure.text(value)}" for figure, value in defined_figures(evaluation)]
    return "  ".join([*shown, f"({evaluation.num_reviews:,} reviews)"])


@dataclass(frozen=True, slots=True)
class _Answers:
    """Probabilities [N, L], true classes [N], and the names of the labels, if they are known."""

    probabilities: NDArray[np.float64]
    truth: NDArray[np.int64]
    names: Sequence[str]

    @property
    def num_labels(self) -> int:
        return int(self.probabilities.shape[1])

    @property
    def predicted(self) -> NDArray[np.int64]:
        predicted: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predicted

    @property
    def distances(self) -> NDArray[np.float64] | None:
        """How far off predictions are [N]; None unless all labels are numbers."""
        try:
            values = np.array([float(name) for name in self.names])
        except ValueError:
            return None
        if not len(values) or not np.isfinite(values).all():
            return None
        distances: NDArray[np.float64] = np.abs(values[self.predicted] - values[self.truth])
        return distances


def _accuracy(answers: _Answers) -> float:
    return float((answers.predicted == answers.truth).mean())


def _f1(answers: _Answers) -> float:
    classes = range(answers.num_labels)
    return float(f1_score(answers.truth, answers.predicted, labels=classes, average="macro", zero_division=0))


def _auc(answers: _Answers) -> float | None:
    # Defined for two labels, and only where there are reviews of both.
    if answers.num_labels != 2 or len(np.unique(answers.truth)) < 2:
        return None
    return float(roc_auc_score(answers.truth, answers.probabilities[:, 1]))


def _ece(answers: _Answers) -> float:
    return calibration_error(answers.probabilities, answers.truth)


def _nll(answers: _Answers) -> float:
    of_truth = answers.probabilities[np.arange(len(answers.truth)), answers.truth]
    return float(-np.log(of_truth.clip(min=_MIN_PROBABILITY)).mean())


def _brier(answers: _Answers) -> float:
    squares = (answers.probabilities - np.eye(answers.num_labels)[answers.truth]) ** 2
    return float(squares.sum(axis=1).mean())


def _mae(answers: _Answers) -> float | None:
    return None if (distances := answers.distances) is None else float(distances.mean())


def _within_one(answers: _Answers) -> float | None:
    return None if (distances := answers.distances) is None else float((distances <= 1).mean())


_COMPUTED: Final[Mapping[str, Callable[[_Answers], float | None]]] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "auc": _auc,
    "ece": _ece,
    "nll": _nll,
    "brier": _brier,
    "mae": _mae,
    "within_one": _within_one,
}
