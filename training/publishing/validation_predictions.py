"""What a version says of each of its validation reviews."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mistake", "ValidationPredictions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A review that was given the wrong label.

    It has no text: a report is published with its version, and the texts have no licence for that.
    """

    id: str
    num_tokens: int
    """Length before the tokenizer truncates."""
    truth: str
    predicted: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationPredictions:
    """The N validation reviews, and the L probabilities that each was given."""

    labels: tuple[str, ...]
    ids: tuple[str, ...]
    truth: NDArray[np.int64]
    """True classes [N]."""
    uncalibrated: NDArray[np.float64]
    """Probabilities [N, L] at temperature 1."""
    calibrated: NDArray[np.float64]
    """Probabilities [N, L] as published."""
    num_tokens: NDArray[np.int64]
    """Lengths [N] before the tokenizer truncates."""

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability [N] of the predicted label."""
        confidence: NDArray[np.float64] = self.calibrated.max(axis=1)
        return confidence

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The predicted class [N]."""
        predicted: NDArray[np.int64] = self.calibrated.argmax(axis=1)
        return predicted

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the true class [N] was predicted."""
        right: NDArray[np.bool_] = self.predicted == self.truth
        return right

    def confident_mistakes(self, limit: int) -> list[Mistake]:
        """Return the most confident errors, highest confidence first; ties in the reviews' order."""
        confidence, predicted = self.confidence, self.predicted
        wrong = np.flatnonzero(~self.right)
        order = wrong[np.argsort(-confidence[wrong], kind="stable")][:limit]
        return [
            Mistake(
                id=self.ids[index],
                num_tokens=int(self.num_tokens[index]),
                truth=self.labels[self.truth[index]],
                predicted=self.labels[predicted[index]],
                confidence=float(confidence[index]),
            )
            for index in order
        ]
