"""The interface that all teachers have."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Teacher"]


class Teacher(Protocol):
    """Predicts the probability of each label for texts."""

    @property
    def name(self) -> str:
        """Its name in files and model cards."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels, in the order of the columns that `probabilities` returns."""

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each label for each text [N, L]."""
