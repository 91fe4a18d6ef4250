"""Finding the soft targets of texts.

Shapes: N texts, L labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.errors import InvalidSoftTargets
from training.soft_targets.reader import SoftTargetFile, read_soft_target_file
from training.soft_targets.row import SoftTarget, digest_of
from training.soft_targets.writer import IdentifiedText

__all__ = ["FoundTargets", "SoftTargetLookup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTargets:
    """The soft targets of some texts."""

    targets_NL: NDArray[np.float32]
    """Texts without a target have rows of NaN."""
    num_unused: int
    """Number of targets of other texts."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether each text has a target [N]."""
        return ~np.isnan(self.targets_NL[:, 0])

    def __str__(self) -> str:
        num_known, num_texts = int(self.known.sum()), len(self.targets_NL)
        num_missing = num_texts - num_known
        return (
            f"soft targets for {num_known:,} of {num_texts:,} texts; {num_missing:,} texts without one, "
            f"{self.num_unused:,} targets without a text"
        )


class SoftTargetLookup:
    """Finds the targets of texts in files of soft targets, by a text's digest or else by its id.

    Where several teachers have a target for one text, the result is their mean.
    """

    def __init__(self, files: Sequence[SoftTargetFile], labels: Sequence[str]) -> None:
        self.files = tuple(files)
        self._labels = tuple(labels)
        self._sums: dict[tuple[str, str], NDArray[np.float64]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        for file in files:
            for target in file.targets:
                self._add(target)

    @classmethod
    def read(cls, paths: Sequence[Path], labels: Sequence[str]) -> "SoftTargetLookup":
        """Read files for a model with these labels; raises what `read_soft_target_file` does."""
        return cls([read_soft_target_file(path, labels) for path in paths], labels)

    def find(self, texts: Sequence[IdentifiedText]) -> FoundTargets:
        """Return the target of each text; raises InvalidSoftTargets if most targets belong to other texts."""
        targets_NL = np.full((len(texts), len(self._labels)), np.nan, dtype=np.float32)
        used: set[tuple[str, str]] = set()
        for index, each in enumerate(texts):
            for key in (("sha256", digest_of(each.text)), ("id", each.id)):
                if key in self._sums:
                    targets_NL[index] = self._sums[key] / self._counts[key]
                    used.add(key)
                    break
        found = FoundTargets(targets_NL=targets_NL, num_unused=len(self._sums) - len(used))
        if found.num_unused > len(used):
            names = ", ".join(file.path.name for file in self.files)
            raise InvalidSoftTargets(f"{names}: {found}: give the texts that they are about")
        return found

    def _add(self, target: SoftTarget) -> None:
        digest = target.sha256 or (digest_of(target.text) if target.text is not None else None)
        key = ("sha256", digest) if digest else ("id", str(target.id))
        said_L = np.array([target.probabilities[label] for label in self._labels])
        self._sums[key] = self._sums.get(key, 0) + said_L
        self._counts[key] = self._counts.get(key, 0) + 1
