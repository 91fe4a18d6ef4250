"""How far apart runs are that differ only in their seed, and which other runs are outside of that range."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from scipy.stats import t as student

__all__ = ["SeedSpread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSpread:
    """The mean accuracy of runs, and the distance from it that one more run stays within in 95% of cases."""

    mean: float
    margin: float

    @classmethod
    def of(cls, accuracies: Sequence[float]) -> Self:
        """Return the 95% prediction interval for one more run, by Student's t; needs at least two runs."""
        num_runs = len(accuracies)
        quantile = float(student.ppf(0.975, num_runs - 1))
        margin = quantile * statistics.stdev(accuracies) * math.sqrt(1 + 1 / num_runs)
        return cls(mean=statistics.mean(accuracies), margin=margin)

    def difference(self, accuracy: float) -> float:
        """Return how much higher an accuracy is than the mean."""
        return accuracy - self.mean

    def outside(self, accuracy: float) -> bool:
        """Return whether a run differs from the mean by more than one more of these runs would."""
        return abs(self.difference(accuracy)) > self.margin
