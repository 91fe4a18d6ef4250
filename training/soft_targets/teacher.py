"""What every teacher is, whatever computes its answers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Teacher"]


class Teacher(Protocol):
    """Something that says how probable each label is for a text."""

    @property
    def name(self) -> str:
        """What files and model cards call it."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels, in the order of the columns that `probabilities` returns."""

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each label for each text [N, L]."""
