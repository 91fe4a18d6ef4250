"""How the answers of two models to the same reviews differ, and whether that may be chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

__all__ = ["NUM_RESAMPLES", "PairedDifference", "compare_pairs"]

NUM_RESAMPLES = 10_000
_SEED = 1
_INTERVAL_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """Which model is right on how many reviews; A is the first model, B the second; differences are B - A."""

    num_both_right: int
    num_only_a_right: int
    num_only_b_right: int
    num_neither_right: int
    accuracy_difference: float
    interval: tuple[float, float]
    """The 2.5th and 97.5th percentile of the resamples' differences in accuracy."""
    b_better_ratio: float
    """Share of the resamples in which B has the higher accuracy; ties do not count."""
    num_resamples: int
    mcnemar_p: float
    """Exact and two-sided: probability of such a difference or a larger one if both were equally good."""


def compare_pairs(a_right: NDArray[np.bool_], b_right: NDArray[np.bool_]) -> PairedDifference:
    """Return the difference between two models, given which of the same reviews [N] each gets right.

    The paired bootstrap (Efron & Tibshirani 1993) draws N reviews with replacement, with both answers to
    each, `NUM_RESAMPLES` times, from a fixed seed. McNemar's test is the exact binomial one.
    """
    num_reviews = len(a_right)
    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    resampled = _resampled_differences(only_a, only_b, num_reviews)
    low, high = np.percentile(resampled, _INTERVAL_PERCENTILES).tolist()
    return PairedDifference(
        num_both_right=int((a_right & b_right).sum()),
        num_only_a_right=only_a,
        num_only_b_right=only_b,
        num_neither_right=int((~a_right & ~b_right).sum()),
        accuracy_difference=(only_b - only_a) / num_reviews,
        interval=(low, high),
        b_better_ratio=float((resampled > 0).mean()),
        num_resamples=NUM_RESAMPLES,
        mcnemar_p=float(binomtest(only_b, only_a + only_b).pvalue) if only_a + only_b else 1.0,
    )


def _resampled_differences(only_a: int, only_b: int, num_reviews: int) -> NDArray[np.float64]:
    # A review changes the difference by -1, 0 or +1, and a resample only decides how many there are of each:
    # a multinomial draw. It has the same distribution and does not need N times 10,000 numbers.
    counts = np.array([only_a, num_reviews - only_a - only_b, only_b])
    drawn = np.random.default_rng(_SEED).multinomial(num_reviews, counts / num_reviews, size=NUM_RESAMPLES)
    differences: NDArray[np.float64] = (drawn[:, 2] - drawn[:, 0]) / num_reviews
    return differences
