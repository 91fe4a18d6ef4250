"""How two models' answers to the same reviews differ, and how far chance alone could have made it so."""

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
    """Who is right where; A is the first model, B the second, and differences are B - A."""

    num_both_right: int
    num_only_a_right: int
    num_only_b_right: int
    num_neither_right: int
    accuracy_difference: float
    interval: tuple[float, float]
    """95% of the resamples' differences in accuracy lie in it, as many below as above."""
    b_better_ratio: float
    """Share of the resamples in which B has the higher accuracy; a tie is no win."""
    num_resamples: int
    mcnemar_p: float
    """Exact and two-sided: how often chance alone would part them as much, were they equally good."""


def compare_pairs(a_right: NDArray[np.bool_], b_right: NDArray[np.bool_]) -> PairedDifference:
    """Return the difference between two models of which the same reviews [N] were asked.

    The paired bootstrap draws N reviews with replacement, both answers to each together, so many times
    (Efron & Tibshirani 1993), from a fixed seed.
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
    # A review changes the difference by -1, 0 or +1, and all that a resample of reviews decides is how many
    # of each it holds: a multinomial draw. That is the same distribution without N times 10,000 numbers.
    counts = np.array([only_a, num_reviews - only_a - only_b, only_b])
    drawn = np.random.default_rng(_SEED).multinomial(num_reviews, counts / num_reviews, size=NUM_RESAMPLES)
    differences: NDArray[np.float64] = (drawn[:, 2] - drawn[:, 0]) / num_reviews
    return differences
