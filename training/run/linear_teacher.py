"""A linear model of labelled reviews as a teacher, for a run or by itself.

Shapes: N texts, L labels.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.fingerprint import fingerprint
from training.data.labels import LabelSet
from training.data.review_files import ReviewFiles
from training.data.split import Split, check_classes, read_reserved_ids, split_validation
from training.evaluation.calibration import fit_temperature, soften
from training.run.nb_svm import LinearModel

__all__ = ["LinearTeacher", "fit_linear_teacher"]

_VALIDATION_RATIO = 0.1
_SEED = 1
"""Those of a recipe that does not say otherwise, so that the same reviews are held out as by `fit`."""


class LinearTeacher:
    """A linear model of the train side of a split, calibrated on its validation side; see `Teacher`."""

    def __init__(self, split: Split, labels: LabelSet, name: str = "linear") -> None:
        self.name = name
        self.labels: Sequence[str] = labels.names
        self._model = LinearModel(
            [review.text for review in split.train], labels.indices(split.train), num_labels=len(self.labels)
        )
        uncalibrated = self._model.probabilities([review.text for review in split.validation])
        self._temperature = fit_temperature(uncalibrated, labels.indices(split.validation))

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each label for each text [N, L]."""
        return soften(self._model.probabilities(texts), self._temperature)


def fit_linear_teacher(train: ReviewFiles, reserved: Path | None) -> LinearTeacher:
    """Return a linear teacher of labelled reviews, called by a hash of their files.

    It learns from none that `fit` holds out of the same files, unless a recipe changes ratio or seed. Raises
    ReviewsError and InvalidReviews for what cannot be read or learned from.
    """
    reviews = train.read("train").reviews
    labels = LabelSet.infer(reviews)
    reserved_ids = read_reserved_ids(reserved) if reserved else frozenset[str]()
    split = split_validation(reviews, ratio=_VALIDATION_RATIO, reserved_ids=reserved_ids, seed=_SEED)
    check_classes(split, labels, ratio=_VALIDATION_RATIO, seed=_SEED)
    return LinearTeacher(split, labels, name=f"linear+{_hash(train.paths)}")


def _hash(paths: Sequence[Path]) -> str:
    return hashlib.sha256("".join(map(fingerprint, paths)).encode()).hexdigest()[:8]
