"""Pictures of the training: losses and validation accuracy over the epochs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from training.learning.trainer import Progress
from training.publishing.report.drawing import COLOURS, FAINT, INK, new_axes

__all__ = ["draw_accuracy", "draw_loss", "smoothed"]

# Share of the steps on either side: it removes the noise of single batches and keeps the shape of the curve.
_SMOOTHING_RATIO = 0.02


def draw_loss(progress: Progress) -> Figure:
    """Draw the train loss of each step, smoothed, and the validation loss of each epoch."""
    figure, axes = new_axes("Loss", "epochs", "cross entropy, nats")
    losses = np.array(progress.step_losses)
    epochs = np.arange(1, len(losses) + 1) * len(progress.history) / len(losses)
    smooth = smoothed(losses, num_neighbours=round(_SMOOTHING_RATIO * len(losses)))
    validation = [epoch.validation_loss for epoch in progress.history]
    axes.plot(epochs, losses, color=FAINT, linewidth=0.7, alpha=0.6)
    axes.plot(epochs, smooth, color=COLOURS[0], label="train, smoothed")
    axes.plot(_epochs(progress), validation, "o-", color=COLOURS[1], label="validation")
    # Single batches may lie outside the picture, the curves may not.
    axes.set_ylim(0, 1.15 * max(*validation, smooth.max()))
    _finish(axes, progress, name="published")
    axes.set_xlim(-0.02 * len(progress.history), 1.02 * len(progress.history))
    return figure


def draw_accuracy(progress: Progress) -> Figure:
    """Draw the validation accuracy of each epoch: that which the published epoch is chosen by."""
    by_domain = progress.selection == "domains"
    figure, axes = new_axes("Validation accuracy", "epochs", "mean over domains" if by_domain else "accuracy")
    accuracies = [epoch.accuracy_by(progress.selection) for epoch in progress.history]
    axes.plot(_epochs(progress), accuracies, "o-", color=COLOURS[1])
    margin = max(0.01, 0.2 * (max(accuracies) - min(accuracies)))
    axes.set_ylim(min(accuracies) - margin, max(accuracies) + margin)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    _finish(axes, progress, name=f"published, {max(accuracies):.2%}")
    axes.set_xlim(0.5, len(progress.history) + 0.5)
    return figure


def smoothed(values: NDArray[np.float64], num_neighbours: int) -> NDArray[np.float64]:
    """Return the mean of each value [N] and `num_neighbours` on either side of it, fewer at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    indices = np.arange(len(values))
    low = np.maximum(indices - num_neighbours, 0)
    high = np.minimum(indices + num_neighbours + 1, len(values))
    means: NDArray[np.float64] = (sums[high] - sums[low]) / (high - low)
    return means


def _epochs(progress: Progress) -> Sequence[int]:
    return [epoch.epoch for epoch in progress.history]


def _finish(axes: Axes, progress: Progress, name: str) -> None:
    """Mark the epoch whose weights are published, and number the epochs."""
    if progress.best:
        axes.axvline(progress.best.epoch, color=INK, linewidth=1, linestyle=":", label=name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend()
