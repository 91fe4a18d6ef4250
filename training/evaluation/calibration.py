"""Temperature scaling: one number that makes a model's confidence agree with its accuracy.

Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv:1706.04599). It never changes which label
wins.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

from sentiment.lengths import REFERENCE_TOKENS

__all__ = [
    "MIN_REVIEWS",
    "Temperature",
    "fit_temperature",
    "fit_temperature_by_length",
    "keeps_base_temperature",
    "soften",
]

MIN_REVIEWS = 100
"""Minimum of validation reviews for a model that starts from a base to have a temperature of its own."""

_MIN_PROBABILITY = 1e-300
_RANGE = (0.05, 20.0)
_SLOPES = (-0.5, 0.5)
"""At most, a temperature at 1 token is ten times or a tenth of that at 100."""


class Temperature(NamedTuple):
    """A temperature that may depend on length: value * (n / 100) ** slope for n tokens."""

    value: float
    slope: float = 0.0

    def __str__(self) -> str:
        by_length = f" * (tokens / {REFERENCE_TOKENS})^{self.slope:.3f}" if self.slope else ""
        return f"{self.value:.3f}{by_length}"


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


def fit_temperature_by_length(
    probabilities: NDArray[np.float64], labels: Sequence[int], lengths: Sequence[int]
) -> Temperature:
    """Return the temperature and slope with the least cross entropy; `lengths` are in tokens, at least 1.

    Confidence on a short text and on a long one can be wrong by different factors, which one number averages.
    """
    logits = np.log(probabilities.clip(min=_MIN_PROBABILITY))
    log_lengths = np.log(np.asarray(lengths) / REFERENCE_TOKENS)[:, None]
    rows = np.arange(len(labels))

    def cross_entropy(parameters: NDArray[np.float64]) -> float:
        log_temperature, slope = parameters
        softened = logits / np.exp(log_temperature + slope * log_lengths)
        return -float(log_softmax(softened, axis=1)[rows, labels].mean())

    start = np.array([np.log(fit_temperature(probabilities, labels)), 0.0])
    found = minimize(cross_entropy, start, method="Nelder-Mead", bounds=[np.log(_RANGE), _SLOPES])
    return Temperature(float(np.exp(found.x[0])), float(found.x[1]))


def soften(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities [N, L] of temperature 1 at another temperature."""
    logits = np.log(probabilities.clip(min=_MIN_PROBABILITY))
    return np.asarray(np.exp(log_softmax(logits / temperature, axis=1)))
