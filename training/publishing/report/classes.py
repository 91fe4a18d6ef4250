"""Pictures of right and wrong answers, by label and by length of review."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from scipy.stats import binomtest

from training.publishing.report.drawing import COLOURS, FAINT, INK, label_names, new_axes

__all__ = ["draw_confusion", "draw_length", "length_groups"]

_MAX_CELLS_WITH_TEXT = 8
_MAX_NAMES = 25
_MAX_LETTERS = 36
"""What fits below the picture in one line."""
_NUM_LENGTH_GROUPS = 8


def draw_confusion(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> Figure:
    """Draw counts [true][predicted]; a cell's colour is its share of its true label."""
    figure, axes = new_axes("Confusion", "predicted", "true", height_inches=4.4)
    counts = np.array(confusion)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    step = -(-len(labels) // _MAX_NAMES)
    indices, names = range(0, len(labels), step), label_names(labels)[::step]
    axes.set_xticks(indices, names)
    if sum(map(len, names)) > _MAX_LETTERS:
        _slant(axes, degrees=35 if len(names) <= _MAX_CELLS_WITH_TEXT else 90)
    axes.set_yticks(indices, names)
    if len(labels) <= _MAX_CELLS_WITH_TEXT:
        for (true, predicted), share in np.ndenumerate(shares):
            text = f"{counts[true, predicted]:,}\n{share:.1%}"
            colour = "white" if share > 0.55 else INK
            axes.text(predicted, true, text, ha="center", va="center", color=colour)
    return figure


def draw_length(num_tokens: NDArray[np.int64], right: NDArray[np.bool_]) -> Figure:
    """Draw accuracy by length of review in groups of similar size; lengths and `right` are [N]."""
    figure, axes = new_axes("Accuracy by length", "tokens in the review", "accuracy")
    groups = length_groups(num_tokens, _NUM_LENGTH_GROUPS)
    for index, group in enumerate(groups):
        hits, total = int(right[group].sum()), int(group.sum())
        low, high = binomtest(hits, total).proportion_ci(method="wilson")
        axes.plot([index, index], [low, high], color=COLOURS[0], linewidth=1.5, solid_capstyle="butt")
        axes.plot(index, hits / total, "o", color=COLOURS[0])
    axes.axhline(right.mean(), color=FAINT, linewidth=1, linestyle="--", label="all reviews")
    names = [_span(num_tokens[group]) for group in groups]
    axes.set_xticks(range(len(groups)), names)
    _slant(axes, degrees=35)
    axes.set_xlim(-0.5, len(groups) - 0.5)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend()
    return figure


def length_groups(num_tokens: NDArray[np.int64], num_groups: int) -> list[NDArray[np.bool_]]:
    """Return masks [N] of groups of rising length and near-equal size; equal lengths stay together."""
    edges = np.unique(np.quantile(num_tokens, np.linspace(0, 1, num_groups + 1)[1:-1]))
    numbers = np.searchsorted(edges, num_tokens)
    return [numbers == number for number in np.unique(numbers)]


def _slant(axes: Axes, degrees: float) -> None:
    for name in axes.get_xticklabels():
        name.set(rotation=degrees, ha="right", va="top" if degrees < 90 else "center", rotation_mode="anchor")


def _span(lengths: NDArray[np.int64]) -> str:
    low, high = lengths.min(), lengths.max()
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"
