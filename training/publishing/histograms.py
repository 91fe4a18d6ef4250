"""What the inputs and scores of a version look like on reviews that it was not trained on.

They are published with the version, so that a service can notice when its traffic drifts away from them.
"""

from collections.abc import Sequence

import numpy as np

from model_store import Histogram
from sentiment import Prediction

__all__ = ["reference_histograms"]

_RATIO_EDGES = tuple(round(index / 20, 2) for index in range(21))
# Lengths have no limit: what is above the last edge counts in the last bin.
_LENGTH_EDGES = (
    0.0,
    10.0,
    25.0,
    50.0,
    100.0,
    150.0,
    200.0,
    300.0,
    400.0,
    600.0,
    800.0,
    1200.0,
    2000.0,
    10_000.0,
)


def reference_histograms(predictions: Sequence[Prediction]) -> dict[str, Histogram]:
    """Return histograms of score (the probability of the last label), length in tokens and unknown ratio."""
    scores = [list(prediction.probabilities.values())[-1] for prediction in predictions]
    lengths = [float(prediction.tokens) for prediction in predictions]
    unknown_ratios = [prediction.unknown_ratio for prediction in predictions]
    return {
        "score": _histogram(scores, _RATIO_EDGES),
        "length": _histogram(lengths, _LENGTH_EDGES),
        "unknown_ratio": _histogram(unknown_ratios, _RATIO_EDGES),
    }


def _histogram(values: Sequence[float], edges: tuple[float, ...]) -> Histogram:
    counts, _ = np.histogram(np.minimum(values, edges[-1]), bins=edges)
    return Histogram(edges=edges, counts=tuple(counts.tolist()))
