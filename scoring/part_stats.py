"""Counts over the rows of a part, from which the summary of a whole job is made."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sentiment import Prediction

__all__ = ["PartStats"]


@dataclass(slots=True, kw_only=True)
class PartStats:
    """What was scored of some rows, and what was not."""

    num_scored: int = 0
    num_rejects: int = 0
    num_truncated: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    """Rows by label."""
    confidence_sum: float = 0.0
    unknown_ratio_sum: float = 0.0

    def add(self, predictions: Iterable[Prediction], num_rejects: int) -> None:
        """Count more rows."""
        for prediction in predictions:
            self.num_scored += 1
            self.num_truncated += prediction.truncated
            self.labels[prediction.label] += 1
            self.confidence_sum += prediction.confidence
            self.unknown_ratio_sum += prediction.unknown_ratio
        self.num_rejects += num_rejects

    def merge(self, other: "PartStats") -> None:
        """Count what another part has."""
        self.num_scored += other.num_scored
        self.num_rejects += other.num_rejects
        self.num_truncated += other.num_truncated
        self.labels.update(other.labels)
        self.confidence_sum += other.confidence_sum
        self.unknown_ratio_sum += other.unknown_ratio_sum

    def to_fields(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_fields(cls, values: Mapping[str, Any]) -> "PartStats":
        """Return what `to_fields` made."""
        return cls(**{**values, "labels": Counter(values["labels"])})
