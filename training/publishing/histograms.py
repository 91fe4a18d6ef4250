"""What the inputs and scores of a version look like on reviews that it was not trained on.

They are published with the version, so that a service can notice when its traffic drifts away from them. The
bins are few: over many, the population stability index (PSI) gives false alarms on a few hundred reviews.
"""

from collections.abc import Sequence

import numpy as np

from model_store import Histogram
from sentiment import Prediction

__all__ = ["reference_histograms"]

_NUM_BINS = 10
_SCORE_EDGES = tuple(round(index / _NUM_BINS, 1) for index in range(_NUM_BINS + 1))
# Most reviews have few unknown words, so that bins of equal width would leave nearly all in the first.
_UNKNOWN_EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0)


def reference_histograms(predictions: Sequence[Prediction]) -> dict[str, Histogram]:
    """Return histograms of score (the probability of the last label), length in tokens and unknown ratio.

    Score has ten bins of equal width, length ten with about as many reviews each (fewer where many are
    of one length), the unknown ratio six. What lies above the last edge belongs to the last bin.
    """
    scores = [list(prediction.probabilities.values())[-1] for prediction in predictions]
    lengths = [prediction.tokens for prediction in predictions]
    unknown_ratios = [prediction.unknown_ratio for prediction in predictions]
    return {
        "score": _histogram(scores, _SCORE_EDGES),
        "length": _histogram(lengths, _length_edges(lengths)),
        "unknown_ratio": _histogram(unknown_ratios, _UNKNOWN_EDGES),
    }


def _length_edges(lengths: Sequence[int]) -> tuple[float, ...]:
    """Return edges from 0 up: the deciles as whole numbers, each once, and the longest review's length."""
    quantiles = np.quantile(lengths, np.arange(1, _NUM_BINS) / _NUM_BINS, method="higher")
    inner = sorted({float(length) for length in quantiles if length > 0})
    last = max(float(max(lengths)), inner[-1] + 1 if inner else 1.0)
    return (0.0, *inner, last)


def _histogram(values: Sequence[float], edges: tuple[float, ...]) -> Histogram:
    counts, _ = np.histogram(np.minimum(values, edges[-1]), bins=edges)
    return Histogram(edges=edges, counts=tuple(counts.tolist()))
