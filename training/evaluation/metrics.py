"""How good predictions are: the figures that a version carries and that `evaluate` prints."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score, roc_auc_score

from model_store import Evaluation, defined_figures
from sentiment import Prediction

__all__ = ["NUM_BINS", "calibration_error", "evaluate", "evaluate_sources", "probabilities_of", "summary"]

NUM_BINS = 15
"""Bins of equal width in the expected calibration error, as in Guo et al. 2017."""


def probabilities_of(predictions: Sequence[Prediction]) -> NDArray[np.float64]:
    """Return the probabilities [N, L] of predictions, labels in the model's order."""
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


def evaluate(
    probabilities: NDArray[np.float64], labels: Sequence[int], names: Sequence[str] = ()
) -> Evaluation:
    """Return the figures for probabilities [N, L] against true classes [N]; F1 is the mean over labels.

    `names` are those of the L labels: where all are numbers, the figures say how far off predictions are.
    """
    truth = np.asarray(labels)
    predicted = probabilities.argmax(axis=1)
    num_labels = probabilities.shape[1]
    classes = range(num_labels)
    of_truth = probabilities[np.arange(len(truth)), truth]
    distances = _distances(predicted, truth, names)
    squares = (probabilities - np.eye(num_labels)[truth]) ** 2
    return Evaluation(
        num_reviews=len(truth),
        accuracy=float((predicted == truth).mean()),
        f1=float(f1_score(truth, predicted, labels=classes, average="macro", zero_division=0)),
        auc=_auc(probabilities, truth),
        ece=calibration_error(probabilities, truth),
        nll=float(-np.log(of_truth.clip(min=1e-300)).mean()),
        brier=float(squares.sum(axis=1).mean()),
        confusion=tuple(map(tuple, confusion_matrix(truth, predicted, labels=classes).tolist())),
        mae=None if distances is None else float(distances.mean()),
        within_one=None if distances is None else float((distances <= 1).mean()),
    )


def evaluate_sources(
    probabilities: NDArray[np.float64],
    labels: Sequence[int],
    names: Sequence[str],
    sources: Mapping[str, Sequence[int]],
) -> dict[str, Evaluation]:
    """Return the figures for each source alone; `sources` has the places of its reviews, 0 to N - 1."""
    truth = np.asarray(labels)
    return {
        source: evaluate(probabilities[list(places)], truth[list(places)].tolist(), names)
        for source, places in sources.items()
    }


def calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the expected calibration error, 0 to 1: how far confidence and accuracy lie apart on average."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=NUM_BINS)
    return float(np.abs(gaps).sum() / len(truth))


def summary(evaluation: Evaluation) -> str:
    """Return the figures as one line for people."""
    figures = "  ".join(
        f"{figure.title} {figure.text(value)}" for figure, value in defined_figures(evaluation)
    )
    return f"{figures}  ({evaluation.num_reviews:,} reviews)"


def _distances(
    predicted: NDArray[np.int64], truth: NDArray[np.int64], names: Sequence[str]
) -> NDArray[np.float64] | None:
    try:
        values = np.array([float(name) for name in names])
    except ValueError:
        return None
    return np.abs(values[predicted] - values[truth]) if len(values) and np.isfinite(values).all() else None


def _auc(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float | None:
    # Defined for two labels, and only where reviews of both are there.
    if probabilities.shape[1] != 2 or len(np.unique(truth)) < 2:
        return None
    return float(roc_auc_score(truth, probabilities[:, 1]))
