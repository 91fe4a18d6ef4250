"""How far runs lie apart that differ in nothing but the seed, and which others lie outside of that."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from scipy.stats import t as student

__all__ = ["Spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The mean of some runs' accuracies, and how far from it one more of their kind lies in 95% of cases."""

    mean: float
    margin: float

    @classmethod
    def of(cls, accuracies: Sequence[float]) -> Self:
        """Return the 95% prediction interval for one more run, by Student's t; takes two runs at least."""
        num_runs = len(accuracies)
        quantile = float(student.ppf(0.975, num_runs - 1))
        margin = quantile * statistics.stdev(accuracies) * math.sqrt(1 + 1 / num_runs)
        return cls(mean=statistics.mean(accuracies), margin=margin)

    def difference(self, accuracy: float) -> float:
        """Return how much higher an accuracy is than the mean."""
        return accuracy - self.mean

    def outside(self, accuracy: float) -> bool:
        """Return whether a run differs by more than one more of the same kind would."""
        return abs(self.difference(accuracy)) > self.margin
