"""Pictures of confidence: calibration, the ROC curve, the accuracy of the most confident reviews."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from training.evaluation.metrics import NUM_BINS, calibration_error
from training.publishing.report.drawing import COLOURS, FAINT, label_names, new_axes, new_figure

__all__ = ["accuracy_by_coverage", "draw_coverage", "draw_reliability", "draw_roc", "reliability"]

# The accuracy of fewer reviews is noise; in a small set, it is shown from a tenth of the reviews on.
_MIN_REVIEWS = 20
_MIN_BIN_RATIO = 0.005


def draw_reliability(
    uncalibrated: NDArray[np.float64], calibrated: NDArray[np.float64], truth: NDArray[np.int64]
) -> Figure:
    """Draw accuracy against confidence for probabilities [N, L], before and after the temperature."""
    figure = new_figure(height_inches=4.6)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    lowest = 1 / calibrated.shape[1]
    axes.plot([lowest, 1], [lowest, 1], color=FAINT, linewidth=1, linestyle="--")
    for name, colour, probabilities in (
        ("before", COLOURS[1], uncalibrated),
        ("after", COLOURS[0], calibrated),
    ):
        confidence, accuracy, counts = reliability(probabilities, truth)
        error = calibration_error(probabilities, truth)
        axes.plot(confidence, accuracy, color=colour, label=f"{name} temperature, ECE {error:.1%}")
        axes.scatter(confidence, accuracy, s=10 + 150 * counts / counts.sum(), color=colour, linewidth=0)
        below.hist(probabilities.max(axis=1), np.linspace(0, 1, NUM_BINS + 1), color=colour, histtype="step")
    axes.set(title="Reliability", ylabel="accuracy")
    axes.legend()
    below.set(xlabel="confidence", ylabel="reviews", xlim=(lowest - 0.01, 1.01))
    for axis in (axes.yaxis, below.xaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    return figure


def draw_roc(probabilities: NDArray[np.float64], truth: NDArray[np.int64], labels: Sequence[str]) -> Figure:
    """Draw the ROC curve of the second of two labels, or of each of more labels against all others.

    If there are more labels than colours, the most frequent are shown. `truth` must have at least two
    classes.
    """
    figure, axes = new_axes("ROC", "false positive rate", "true positive rate", height_inches=4.2)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--")
    for colour, label in zip(COLOURS, _shown_labels(truth, len(labels)), strict=False):
        score, is_label = probabilities[:, label], truth == label
        false_rate, true_rate, _ = roc_curve(is_label, score)
        name = f"{label_names(labels)[label]}, AUC {roc_auc_score(is_label, score):.4f}"
        axes.plot(false_rate, true_rate, color=colour, label=name)
    axes.set_aspect("equal")
    axes.legend(loc="lower right")
    _show_as_percent(axes)
    return figure


def draw_coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Figure:
    """Draw the accuracy of the most confident share of the reviews [N] over this share."""
    figure, axes = new_axes("Accuracy of the most confident", "share of reviews", "accuracy")
    coverage, accuracy = accuracy_by_coverage(confidence, right)
    shown = slice(min(_MIN_REVIEWS, len(accuracy) // 10), None)
    axes.plot(coverage[shown], accuracy[shown], color=COLOURS[0])
    axes.axhline(accuracy[-1], color=FAINT, linewidth=1, linestyle="--", label="all reviews")
    axes.set_xlim(0, 1.01)
    axes.legend(loc="upper right")
    _show_as_percent(axes)
    return figure


def reliability(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return mean confidence, accuracy and number of reviews of each bin that is not almost empty.

    Bins are those of the expected calibration error.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    counts = np.bincount(bins, minlength=NUM_BINS)
    filled = counts >= max(1, _MIN_BIN_RATIO * len(truth))
    means = (np.bincount(bins, weights=values, minlength=NUM_BINS)[filled] for values in (confidence, right))
    mean_confidence, accuracy = (sums / counts[filled] for sums in means)
    return mean_confidence, accuracy, counts[filled]


def accuracy_by_coverage(
    confidence: NDArray[np.float64], right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shares 1/N … 1 and the accuracy of the most confident share of reviews [N]."""
    counts = np.arange(1, len(right) + 1)
    hits = np.cumsum(right[np.argsort(-confidence, kind="stable")])
    return counts / len(right), hits / counts


def _shown_labels(truth: NDArray[np.int64], num_labels: int) -> list[int]:
    if num_labels == 2:
        return [1]
    counts = np.bincount(truth, minlength=num_labels)
    frequent = np.argsort(-counts, kind="stable")[: len(COLOURS)]
    return sorted(int(label) for label in frequent if counts[label])


def _show_as_percent(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
