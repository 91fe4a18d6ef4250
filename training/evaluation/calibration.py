"""Temperature scaling: one number that makes a model's confidence agree with its accuracy.

Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv:1706.04599). It never changes which label
wins.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

__all__ = ["MIN_REVIEWS", "fit_temperature", "keeps_base_temperature", "soften"]

MIN_REVIEWS = 100
"""Minimum of validation reviews for a model that starts from a base to have a temperature of its own."""

_MIN_PROBABILITY = 1e-300
_RANGE = (0.05, 20.0)


def keeps_base_temperature(num_reviews: int) -> bool:
    """Return whether there are too few validation reviews to replace a base's temperature.

    A few reviews that all happen to be right would make the model certain of everything.
    """
    return num_reviews < MIN_REVIEWS


def fit_temperature(probabilities: NDArray[np.float64], labels: Sequence[int]) -> float:
    """Return the temperature with the lowest cross entropy for probabilities [N, L] of temperature 1."""
    # Their logarithms differ from the logits by a constant in each row, which the softmax removes.
    logits = np.log(probabilities.clip(min=_MIN_PROBABILITY))
    rows = np.arange(len(labels))

    def cross_entropy(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels].mean())

    found = minimize_scalar(cross_entropy, bounds=np.log(_RANGE), method="bounded")
    return float(np.exp(found.x))


def soften(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities [N, L] of temperature 1 at another temperature."""
    logits = np.log(probabilities.clip(min=_MIN_PROBABILITY))
    return np.asarray(np.exp(log_softmax(logits / temperature, axis=1)))
