"""What a run needs before its networks are fitted: the first process makes it, the others receive it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model_store import DataFingerprint
from sentiment import Tokenizer
from training.data.labels import LabelSet
from training.errors import InvalidReviews
from training.run.base_version import BaseVersion
from training.run.dataset import Dataset
from training.run.soft_targets import RunTargets

__all__ = ["Prepared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What all processes of a run start from. V token ids, E embedding features."""

    fingerprints: tuple[DataFingerprint, ...]
    labels: LabelSet
    tokenizer: Tokenizer
    base: BaseVersion | None = None
    vectors: NDArray[np.float32] | None = None
    """Word vectors [V, E]."""
    soft_targets: RunTargets | None = None
    """What teachers say of the run's texts; None without teachers."""

    def dataset(self, own: Dataset) -> Dataset:
        """Return the data set that a process has read itself, with the run's labels.

        Raises InvalidReviews when they are other reviews than those of the first process.
        """
        if own.fingerprints != self.fingerprints:
            raise InvalidReviews(
                "the reviews are not those of the first process: copy its files to this host"
            )
        return replace(own, labels=self.labels)
