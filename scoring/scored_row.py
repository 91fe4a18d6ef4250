"""A row of the input with what the model says of it, and the columns that this makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentiment import Prediction

__all__ = ["OutputColumns", "ScoredRow"]

_RESULTS = ("label", "confidence", "probabilities", "tokens", "truncated", "unknown_ratio", "model_version")


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row of the input and its prediction."""

    fields: Mapping[str, object]
    prediction: Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputColumns:
    """Which columns of the input are copied, and what those of the prediction are called and hold."""

    copied: tuple[str, ...] | None
    """None for whatever a row has."""
    prefix: str
    labels: tuple[str, ...]
    model_version: str
    """Such as "reviews@2"."""

    @property
    def results(self) -> tuple[str, ...]:
        """The names of the columns that a prediction makes."""
        return tuple(self.prefix + name for name in _RESULTS)

    @property
    def probabilities(self) -> tuple[str, ...]:
        """The names of the columns that stand for the probabilities in CSV and TSV, one for each label."""
        return tuple(f"{self.prefix}probabilities.{label}" for label in self.labels)

    def copy(self, row: ScoredRow) -> Mapping[str, object]:
        """Return the fields of the input that are written again."""
        if self.copied is None:
            return row.fields
        return {name: row.fields.get(name) for name in self.copied}

    def values(self, prediction: Prediction) -> Sequence[object]:
        """Return the values of the result columns, in their order."""
        return (
            prediction.label,
            prediction.confidence,
            prediction.probabilities,
            prediction.tokens,
            prediction.truncated,
            prediction.unknown_ratio,
            self.model_version,
        )
