"""A version in a store as a teacher."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model_store import ModelVersion

__all__ = ["VersionTeacher"]


class VersionTeacher:
    """A published version as a `Teacher`."""

    def __init__(self, version: ModelVersion) -> None:
        self._classifier = version.classifier
        self.name = str(version)

    @property
    def labels(self) -> Sequence[str]:
        """The version's labels, in the order of the columns of `probabilities`."""
        return self._classifier.labels

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each label for each text [N, L]."""
        predictions = self._classifier.predict(texts)
        return np.array([[found.probabilities[label] for label in self.labels] for found in predictions])
